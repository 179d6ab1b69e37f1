import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts'
import { isMembers, type Members } from '../../src/emulator/json.ts'

/** The part of a tap test that is needed here. */
interface Teardown { teardown (close: () => Promise<void>): void }

export const app = { clientId: 'client_test', clientSecret: 'secret_test', redirectUri: 'http://localhost:4180/oauth2/callback', name: 'Test app' }

/** An emulator for one test; its clock stands still so that every expiry is exact. */
export async function emulatorFor (t: Teardown, options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ apps: [app], seed: 7, ...options })
  emulator.clock.freeze()
  t.teardown(() => emulator.close())
  return emulator
}

export interface JsonAnswer { readonly status: number, readonly body: Members }

export async function jsonAnswer (response: Response): Promise<JsonAnswer> {
  const body: unknown = await response.json()
  return { status: response.status, body: isMembers(body) ? body : { notAnObject: true } }
}

export async function tokenRequest (emulator: Emulator, form: Readonly<Record<string, string>>): Promise<JsonAnswer> {
  const body = new URLSearchParams({ client_id: app.clientId, client_secret: app.clientSecret, ...form })
  return jsonAnswer(await fetch(`${emulator.url}/api/oauth2/token`, { method: 'POST', body }))
}

export function redeem (emulator: Emulator, code: string): Promise<JsonAnswer> {
  return tokenRequest(emulator, { grant_type: 'authorization_code', code, redirect_uri: app.redirectUri })
}

export function refresh (emulator: Emulator, refreshToken: string): Promise<JsonAnswer> {
  return tokenRequest(emulator, { grant_type: 'refresh_token', refresh_token: refreshToken })
}

export interface Tokens { readonly accessToken: string, readonly refreshToken: string }

export function tokensOf ({ body }: JsonAnswer): Tokens {
  return { accessToken: String(body['access_token']), refreshToken: String(body['refresh_token']) }
}

/** Tokens of a user who signed in and consented. */
export async function signedIn (emulator: Emulator, username = 'user123', scope = 'profile balance'): Promise<Tokens> {
  const { code } = emulator.authorize({ username, scope, clientId: app.clientId, redirectUri: app.redirectUri })
  return tokensOf(await redeem(emulator, code))
}

export function get (emulator: Emulator, path: string, accessToken: string): Promise<Response> {
  return fetch(`${emulator.url}${path}`, { headers: { authorization: `Bearer ${accessToken}` } })
}

export async function userinfo (emulator: Emulator, { accessToken }: { readonly accessToken: string }): Promise<JsonAnswer> {
  return jsonAnswer(await get(emulator, '/api/oauth2/userinfo', accessToken))
}

export function authorizePath (parameters: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({ client_id: app.clientId, redirect_uri: app.redirectUri, response_type: 'code', scope: 'profile balance', state: 'state-1', ...parameters })
  return `/api/oauth2/authorize?${query}`
}

export function post (emulator: Emulator, path: string, form: Readonly<Record<string, string>>, cookie = ''): Promise<Response> {
  return fetch(`${emulator.url}${path}`, { method: 'POST', redirect: 'manual', headers: { cookie }, body: new URLSearchParams({ ...form }) })
}

/** Signs in on the emulator's own page; resolves to its answer and the cookie. */
export async function signInOnPage (emulator: Emulator, username: string, next: string): Promise<{ readonly response: Response, readonly cookie: string }> {
  const response = await post(emulator, '/login', { username, next })
  return { response, cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
}

export function redirectOf (response: Response): URL {
  return new URL(response.headers.get('location') ?? 'none:')
}
