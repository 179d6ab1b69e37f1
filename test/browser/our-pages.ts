import { fileURLToPath } from 'node:url'
import type { Page } from 'puppeteer-core'
import { startSite, type Site } from './site.ts'
import { shows } from './visitor.ts'

/** How one page is reached: a path, or a sign-in that goes wrong. */
export interface Reached {
  readonly site: Site
  readonly path: string
  readonly signedInAs?: string
  readonly fault?: Parameters<Site['emulator']['faults']['set']>[0]
  readonly isLate?: boolean
}

const dress = (name: string): string => fileURLToPath(new URL(`../pages/dress/${name}`, import.meta.url))

/** Every page of ours by name, on three sites: as it comes, in an operator's colours, and in a template of theirs. */
export async function startPages (t: Parameters<typeof startSite>[0]): Promise<Readonly<Record<string, Reached>>> {
  const site = await startSite(t)
  const dressed = await startSite(t, {
    config: {
      aihubmix: { authorizationsUrl: 'https://aihubmix.com/apps' },
      pages: { appName: 'Acme Studio', accent: '#0b7a5c', accentDark: '#5fd3ae', logoFile: dress('logo.svg'), supportUrl: 'https://help.example/', texts: { en: { signInText: 'Good to see you again.' } } }
    }
  })
  const templated = await startSite(t, { config: { pages: { logoFile: dress('logo.svg'), templateFile: dress('template.html') } } })
  return {
    'sign-in': { site, path: '/oauth2/sign_in' },
    'sign-in dressed': { site: dressed, path: '/oauth2/sign_in' },
    'sign-in in a template': { site: templated, path: '/oauth2/sign_in' },
    'sign-out': { site, path: '/oauth2/sign_out', signedInAs: 'user123' },
    'signed-out': { site: dressed, path: '/oauth2/sign_out' },
    popup: { site, path: '/oauth2/popup' },
    'access-denied': { site, path: '/staff', signedInAs: 'user123' },
    'low-balance': { site, path: '/rich', signedInAs: 'user123' },
    'not-found': { site, path: '/oauth2/nothing' },
    'app-away': { site, path: '/gone', signedInAs: 'user123' },
    'strange-address': { site, path: '/a%00b' },
    'not-granted': { site, path: '/private', fault: { kind: 'error', count: 1 } },
    'aihubmix-away': { site, path: '/private', fault: { kind: 'status', endpoint: 'token', args: { code: 503 } } },
    'invalid-state': { site, path: '/oauth2/callback?code=x&state=y' },
    'too-long': { site, path: '/private', isLate: true }
  }
}

/** Opens the page, by the way that leads there. */
export async function reach (page: Page, { site, path, fault, isLate }: Reached): Promise<void> {
  if (fault === undefined && isLate !== true) {
    await page.goto(site.origin + path)
    return
  }
  const context = page.browserContext()
  await context.deleteCookie(...await context.cookies())
  await page.goto(site.origin + path)
  if (fault !== undefined) site.emulator.faults.set(fault)
  if (isLate === true) site.emulator.clock.advance('11m')
  await page.waitForSelector('[data-user=user123]')
  await Promise.all([page.waitForNavigation(), page.click('[data-user=user123]')])
  site.emulator.faults.clear()
}

/** A sign-in that goes well, before a page only somebody signed in sees. */
export async function signInTo (page: Page, { origin }: Site, username: string): Promise<void> {
  await page.goto(`${origin}/private`)
  await page.waitForSelector(`[data-user=${username}]`)
  await page.click(`[data-user=${username}]`)
  await shows(page, '#name', username)
}
