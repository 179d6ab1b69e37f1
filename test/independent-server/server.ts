import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import { app } from '../rig/rig.ts'

/** A well-known OAuth server that knows nothing of us, mounted at AIHubMix's paths; it signs in the one user without asking. */
export interface IndependentServer {
  readonly url: string
  /** Token responses by grant type. */
  granted (grantType: 'authorization_code' | 'refresh_token'): number
  /** How often it took a reused refresh token for a theft and revoked everything. */
  revocations (): number
  close (): Promise<void>
}

const user = { id: 12345, username: 'user123', email: 'user@example.com', quota: 1000000, used_quota: 250000, balance_formatted: '750.00', created_time: 1640995200, status: 1 }

/** The first access token lives this long; a renewed one two hours. */
export const firstLifeSeconds = 3

export async function startIndependentServer (): Promise<IndependentServer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(url, configuration())
  const grants: string[] = []
  let revocations = 0
  provider.on('grant.success', ({ oidc }) => { grants.push(oidc.params?.['grant_type'] ?? '') })
  provider.on('grant.revoked', () => { revocations++ })
  const handle = provider.callback()

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url?.split('?', 1)[0] ?? '/'
    if (path === '/api/oauth2/userinfo') return answerUserinfo(provider, request, response)
    if (path.startsWith('/interaction/')) return provider.interactionFinished(request, response, { login: { accountId: String(user.id) } })
    return handle(request, response)
  })

  return {
    url,
    granted: (grantType) => grants.filter((granted) => granted === grantType).length,
    revocations: () => revocations,
    async close () {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

/** AIHubMix's members, for whoever holds a living access token. */
async function answerUserinfo (provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const token = await provider.AccessToken.find(request.headers.authorization?.replace('Bearer ', '') ?? '')
  response.writeHead(token === undefined ? 401 : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(token === undefined ? { error: 'invalid_token' } : user))
}

function configuration (): object {
  return {
    clients: [{
      client_id: app.clientId,
      client_secret: app.clientSecret,
      redirect_uris: [app.redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_post'
    }],
    routes: { authorization: '/api/oauth2/authorize', token: '/api/oauth2/token', userinfo: '/unused/userinfo' },
    scopes: ['profile', 'balance'],
    claims: { profile: ['name'], balance: ['balance'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => false },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    loadExistingGrant,
    cookies: { keys: ['only a test'] },
    ttl: {
      AccessToken: (_context: unknown, token: { gty?: string }) => token.gty?.includes('refresh_token') === true ? 7_200 : firstLifeSeconds,
      AuthorizationCode: 600,
      RefreshToken: 30 * 86_400,
      Grant: 30 * 86_400,
      Session: 86_400,
      Interaction: 600
    }
  }
}

/** Consent without a page. */
async function loadExistingGrant (context: { oidc: { provider: Provider, client: { clientId: string }, session: { accountId: string } } }) {
  const { provider, client, session } = context.oidc
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId })
  grant.addOIDCScope('profile balance')
  await grant.save()
  return grant
}
