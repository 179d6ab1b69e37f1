import { app, startRig, type Rig, type RigOptions } from '../rig/rig.ts'
import { publicUrl } from '../rig/browser.ts'
import { get, sendRaw, type RawAnswer } from '../rig/raw.ts'
import { startUpstream } from '../rig/upstream.ts'

interface Teardown { after (undo: () => unknown): void }

export const otherApp = { clientId: 'client_other', clientSecret: 'secret_of_the_other_app', name: 'Other', redirectUri: 'https://other.test/oauth2/callback' }

/** A gateway whose routes take access tokens, but for `/closed`; AIHubMix knows another app too. */
export async function startForPrograms (t: Teardown, { upstream: answer, ...options }: RigOptions = {}): Promise<Rig> {
  const upstream = await startUpstream(answer)
  t.after(() => upstream.close())
  const rig = await startRig(t, {
    ...options,
    emulator: { apps: [app, otherApp], ...options.emulator },
    config: {
      server: { publicUrl, trustedProxies: ['127.0.0.1'] },
      routes: [
        { path: '/closed', upstream: upstream.url },
        { path: '/api', upstream: upstream.url, bearer: true, api: true },
        { path: '/site', upstream: upstream.url, bearer: true },
        { path: '/vip', upstream: upstream.url, bearer: true, allow: { usernames: ['rich'] } },
        { path: '/paid', upstream: upstream.url, bearer: true, minBalance: '10' },
        { path: '/slow', upstream: upstream.url, bearer: true, rateLimit: { requests: 2, window: '1m' } }
      ],
      ...options.config
    }
  })
  return { ...rig, upstream }
}

/** The access token AIHubMix gives this user for this app. */
export async function tokenFor ({ emulator }: Pick<Rig, 'emulator'>, username = 'user123', client: typeof app = app): Promise<string> {
  const { clientId, clientSecret, redirectUri } = client
  const { code } = emulator.authorize({ username, clientId, redirectUri })
  const body = new URLSearchParams({ grant_type: 'authorization_code', code, client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri })
  const answer = await fetch(`${emulator.url}/api/oauth2/token`, { method: 'POST', body })
  const { access_token: token } = await answer.json() as { readonly access_token: string }
  return token
}

/** A JWT that AIHubMix never gave anybody. */
export function forgedToken (claims: Readonly<Record<string, unknown>>): string {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url')
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ jti: Math.random(), ...claims })}.c2lnbmF0dXJl`
}

/** A forged one that says what a good one would. */
export function strangersToken (): string {
  return forgedToken({ client_id: app.clientId })
}

/** A program's request. Programs of several addresses come through a trusted proxy. */
export async function send ({ port }: Pick<Rig, 'port'>, target: string, token: string, lines: readonly string[] = [], address = '198.51.100.1'): Promise<RawAnswer> {
  return await sendRaw(port, get(target, [`X-Forwarded-For: ${address}`, `Authorization: Bearer ${token}`, ...lines]))
}

export async function statusOf (rig: Rig, target: string, token: string, address?: string): Promise<number> {
  return (await send(rig, target, token, [], address)).status
}
