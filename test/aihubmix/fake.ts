import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { createAihubmixClient, type AihubmixClient } from '../../src/aihubmix/client.ts'
import type { AihubmixConfig } from '../../src/config/schema.ts'
import type { TokenSet } from '../../src/session/user-session.ts'

export interface SeenRequest {
  readonly method: string
  readonly target: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** An AIHubMix that answers with whatever bytes a test likes. */
export interface Fake {
  readonly url: string
  readonly seen: readonly SeenRequest[]
  /** From now on every request is answered so. */
  answer (respond: Respond): void
  /** From now on every request is answered with this as JSON; a text goes out as it is. */
  answerWith (body: unknown, status?: number, headers?: Readonly<Record<string, string>>): void
}

export type Respond = (response: ServerResponse, request: IncomingMessage) => void

export const secrets = { code: 'the-code-7f3c', refreshToken: 'the-refresh-token-7f3c', accessToken: 'the-access-token-7f3c', clientSecret: 'the-client-secret-7f3c' }
export const startedAt = 1_700_000_000_000
export const goodTokens = { access_token: secrets.accessToken, token_type: 'Bearer', expires_in: 7200, refresh_token: secrets.refreshToken, scope: 'profile balance' }
export const goodUserinfo = { id: 12345, username: 'user123', email: 'user@example.com', quota: 1_000_000, used_quota: 250_000, balance_formatted: '750.00', created_time: 1640995200, status: 1 }

export async function startFake (t: Test): Promise<Fake> {
  const seen: SeenRequest[] = []
  let respond: Respond = (response) => { response.end('{}') }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => { body += chunk })
    request.on('end', () => {
      seen.push({ method: request.method ?? '', target: request.url ?? '', headers: request.headers, body })
      respond(response, request)
    })
    request.on('error', () => {})
    response.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answer (next) { respond = next },
    answerWith (body, status = 200, headers = { 'content-type': 'application/json' }) {
      respond = (response) => { response.writeHead(status, headers).end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)) }
    }
  }
}

export interface ClientOptions {
  readonly subject?: 'id' | 'username'
  readonly aihubmix?: Partial<AihubmixConfig>
}

export function clientOf (serverUrl: string, { subject = 'id', aihubmix = {} }: ClientOptions = {}): AihubmixClient {
  return createAihubmixClient({
    aihubmix: {
      clientId: 'client_test',
      clientSecret: secrets.clientSecret,
      browserUrl: 'https://api.aihubmix.com',
      serverUrl,
      serverFallbackUrls: [],
      appUrl: serverUrl,
      redirectUri: 'https://gw.test/oauth2/callback',
      scope: 'profile balance',
      autoAuthorize: true,
      pkce: 'off',
      bearerAudience: 'required',
      timeout: 400,
      budget: { requests: 100_000, window: 180_000 },
      topupHosts: ['aihubmix.com', 'inferera.com'],
      authorizationsUrl: null,
      ...aihubmix
    },
    subject,
    now: () => startedAt,
    sparing: { call: (_endpoint, _urgency, send) => send() }, // sparing.test.ts
    onMoved: () => {},
    onOddAnswer: () => {}
  })
}

export async function clientWithFake (t: Test, options: ClientOptions = {}): Promise<{ readonly client: AihubmixClient, readonly fake: Fake }> {
  const fake = await startFake(t)
  return { fake, client: clientOf(fake.url, options) }
}

export const tokens: TokenSet = { accessToken: secrets.accessToken, refreshToken: secrets.refreshToken, obtainedAt: startedAt, accessTokenExpiresAt: startedAt + 7_200_000, scope: ['profile', 'balance'] }

type CallName = 'authorizationCodeGrant' | 'refreshTokenGrant' | 'userinfo' | 'topupUrl'
type Calls = Readonly<Record<CallName, () => Promise<unknown>>>

/** The calls a gateway makes for a user. */
export function callsOf (client: AihubmixClient): Calls {
  return {
    authorizationCodeGrant: () => client.authorizationCodeGrant({ code: secrets.code, redirectUri: 'https://gw.test/oauth2/callback', codeVerifier: null }),
    refreshTokenGrant: () => client.refreshTokenGrant(secrets.refreshToken, ['profile', 'balance']),
    userinfo: () => client.userinfo(tokens),
    topupUrl: () => client.topupUrl(tokens)
  }
}

/** What a call failed with: the name of the error, and that none of its words is a secret. */
export async function failureOf (t: Test, call: () => Promise<unknown>): Promise<Error> {
  const outcome: unknown = await call().then((value) => new Error(`succeeded with ${JSON.stringify(value)}`), (error: unknown) => error)
  if (!(outcome instanceof Error)) throw new TypeError('no error was thrown')
  let words = ''
  for (let error: unknown = outcome; error instanceof Error; error = error.cause) words += `${error.message} ${error.stack} ${JSON.stringify(error)}`
  for (const [name, secret] of Object.entries(secrets)) if (words.includes(secret)) t.fail(`the error holds the ${name}: ${words}`)
  return outcome
}
