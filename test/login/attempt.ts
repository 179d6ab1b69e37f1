import type { BrowserAnswer, TestBrowser } from '../rig/browser.ts'
import { app, type Rig } from '../rig/rig.ts'

export const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
export const sessionCookie = '__Host-aihubmix'

/** One sign-in as it left the gateway for AIHubMix. */
export interface Attempt {
  readonly state: string
  readonly authorizationUrl: URL
}

/** Starts a sign-in that is to end at `returnTo`, which is sent as a form would send it. */
export async function beginSignIn (browser: TestBrowser, returnTo = '/'): Promise<Attempt> {
  return attemptOf(await browser.fetch(`/oauth2/start?${new URLSearchParams({ rd: returnTo })}`, { headers: navigation }))
}

export function attemptOf ({ status, location, text }: BrowserAnswer): Attempt {
  if (status !== 302 || location === null) throw new Error(`no sign-in began: ${status} ${text.slice(0, 200)}`)
  const authorizationUrl = new URL(location)
  return { state: authorizationUrl.searchParams.get('state') ?? '', authorizationUrl }
}

/** The address AIHubMix sends the browser back to when this user agreed; its pages are skipped. */
export function callbackOf ({ emulator }: Rig, { state }: Attempt, username = 'user123'): string {
  const { code } = emulator.authorize({ username, clientId: app.clientId, redirectUri: app.redirectUri })
  return `/oauth2/callback?${new URLSearchParams({ code, state })}`
}

/** A whole sign-in without AIHubMix's pages; the answer is the callback's own. */
export async function signInTo (rig: Rig, browser: TestBrowser, returnTo = '/', username = 'user123'): Promise<BrowserAnswer> {
  const attempt = await beginSignIn(browser, returnTo)
  return await browser.fetch(callbackOf(rig, attempt, username), { headers: navigation })
}

export function open (browser: TestBrowser, address: string): Promise<BrowserAnswer> {
  return browser.fetch(address, { headers: navigation })
}

export function signOut (browser: TestBrowser, headers: Readonly<Record<string, string>> = { ...navigation, origin: 'https://gw.test' }): Promise<BrowserAnswer> {
  return browser.fetch('/oauth2/sign_out', { method: 'POST', headers })
}

/** The attributes of a Set-Cookie that decide which cookie it is about, sorted. */
export function cookieScope (setCookie: string): readonly string[] {
  const [pair = '', ...attributes] = setCookie.split(/;\s*/)
  return [`name=${pair.split('=', 1)[0]}`, ...attributes.filter((attribute) => !/^(max-age|expires)=/i.test(attribute)).map((attribute) => attribute.toLowerCase())].toSorted()
}
