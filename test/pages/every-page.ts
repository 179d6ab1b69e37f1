import { balancePage } from '../../src/pages/balance.ts'
import { errorPage } from '../../src/pages/error.ts'
import type { Locale } from '../../src/pages/locale.ts'
import { renderPage, type Page } from '../../src/pages/layout.ts'
import { popupPage } from '../../src/pages/popup.ts'
import { signInPage } from '../../src/pages/sign-in.ts'
import { signOutPage } from '../../src/pages/sign-out.ts'
import { signedOutPage } from '../../src/pages/signed-out.ts'

export const locales: readonly Locale[] = ['en', 'zh-Hant', 'zh-Hans']

/** Every page in one language, with the same text in every parameter that takes one. */
export function everyPage (locale: Locale, text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(everyUndressedPage(locale, text)).map(([name, page]) => [name, renderPage(page)]))
}

/** The same before they are dressed. */
export function everyUndressedPage (locale: Locale, text: string): Readonly<Record<string, Page>> {
  const options = { locale, languageHref: () => text }
  return {
    'sign-in': signInPage({ ...options, host: text, scopes: ['profile', 'balance', text], startHref: text, autoAuthorize: true }),
    'sign-out': signOutPage({ ...options, username: text, returnHref: text }),
    'signed-out': signedOutPage({ ...options, signInHref: text }),
    'low-balance': balancePage({ ...options, balance: text, minBalance: text, ageSeconds: 12, topUp: 'none', requestId: text, againHref: text }),
    'top-up awaited': balancePage({ ...options, balance: text, minBalance: text, ageSeconds: 200, topUp: 'awaited', requestId: text, againHref: text }),
    'top-up late': balancePage({ ...options, balance: null, minBalance: text, ageSeconds: 0, topUp: 'late', requestId: text, againHref: text }),
    popup: popupPage(options),
    error: errorPage({ ...options, code: 'not_found', status: 404, requestId: text, actions: [{ kind: 'retry', href: text }, { kind: 'another-account', href: null }, { kind: 'home', href: text }] })
  }
}
