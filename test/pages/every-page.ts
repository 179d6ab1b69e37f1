import { errorPage } from '../../src/pages/error.ts'
import type { Locale } from '../../src/pages/locale.ts'
import { signInPage } from '../../src/pages/sign-in.ts'
import { signOutPage } from '../../src/pages/sign-out.ts'
import { signedOutPage } from '../../src/pages/signed-out.ts'

export const locales: readonly Locale[] = ['en', 'zh-Hant', 'zh-Hans']

/** Every page in one language, with the same text in every parameter that takes one. */
export function everyPage (locale: Locale, text: string): Readonly<Record<string, string>> {
  const options = { locale, languageHref: () => text }
  return {
    'sign-in': signInPage({ ...options, host: text, scopes: ['profile', 'balance', text], startHref: text, autoAuthorize: true }),
    'sign-out': signOutPage({ ...options, username: text, returnHref: text }),
    'signed-out': signedOutPage({ ...options, signInHref: text }),
    error: errorPage({ ...options, code: 'not_found', status: 404, requestId: text, actionHref: text, actionKind: 'retry' })
  }
}
