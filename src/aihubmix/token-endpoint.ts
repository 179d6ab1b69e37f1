import * as oauth from 'oauth4webapi'
import { AuthorizationServerBadResponse, GatewayError, InvalidGrant, type ErrorCode } from '../errors.ts'
import type { TokenSet } from '../session/user-session.ts'
import type { Urgency } from './call-budget.ts'
import { jsonObject, type Answer } from './exchange.ts'
import { isRefusal, oddInTokens, saying, tokenResponse, unwrapped } from './wire.ts'

/** AIHubMix refused a grant without saying that it is invalid (`{"success":false}`): perhaps the grant, perhaps its database. */
export class GrantRefused extends GatewayError {
  constructor (cause: unknown) {
    super('exchange_failed', { cause })
  }
}

interface AuthorizationCode {
  readonly code: string
  readonly redirectUri: string
  /** RFC 7636; null when PKCE is off. */
  readonly codeVerifier: string | null
}

/**
 * The two grants of the token endpoint (RFC 6749 §4.1.3, §6). Both throw `InvalidGrant` when AIHubMix says `invalid_grant`,
 * `GrantRefused` when it refuses without saying so, `AuthorizationServerUnavailable` and `AuthorizationServerBadResponse`.
 */
export interface TokenEndpoint {
  authorizationCodeGrant (code: AuthorizationCode): Promise<TokenSet>
  /** The refresh token stays the old one when AIHubMix sends none (V-11). `urgency` is `awaited` unless given. */
  refreshTokenGrant (refreshToken: string, scope: readonly string[], urgency?: Urgency): Promise<TokenSet>
}

/** Posts to the token endpoint; see `createSparing` for what else it throws. */
export type PostToken = (init: RequestInit) => Promise<Answer>

interface TokenEndpointOptions {
  readonly serverUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly requestedScope: readonly string[]
  readonly postCode: PostToken
  readonly postRefresh: (urgency: Urgency) => PostToken
  /** Told what was odd in an answer that is used all the same. */
  readonly onOdd: (what: string) => void
  readonly now: () => number
}

export const tokenPath = '/api/oauth2/token'

/** The client id or secret is wrong (RFC 6749 §5.2): for the operator to mend, and no reason to end anybody's session. */
const isOurFault = new Set(['invalid_client', 'unauthorized_client'])

/** Refusals that speak of the request or the server, never of a user's grant. */
const notTheGrant = new Set(['invalid_request', 'unsupported_grant_type', 'invalid_scope', 'server_error', 'temporarily_unavailable'])

export function createTokenEndpoint ({ serverUrl, clientId, clientSecret, requestedScope, postCode, postRefresh, onOdd, now }: TokenEndpointOptions): TokenEndpoint {
  const server: oauth.AuthorizationServer = { issuer: serverUrl, token_endpoint: `${serverUrl}${tokenPath}` }
  const client: oauth.Client = { client_id: clientId }
  const authentication = oauth.ClientSecretPost(clientSecret)
  const sentBy = (send: PostToken) => ({
    // The configuration allows plain http on loopback only.
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: async (_url: string, init: RequestInit) => standardResponse(await send(init), onOdd)
  })

  const tokenSet = ({ access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn, scope }: oauth.TokenEndpointResponse, assumed: readonly string[]): TokenSet => ({
    accessToken,
    refreshToken: refreshToken ?? null,
    obtainedAt: now(),
    accessTokenExpiresAt: now() + (expiresIn ?? 0) * 1000,
    scope: scope === undefined ? assumed : scope.split(' ') // RFC 6749 §5.1: absent means as requested
  })

  return {
    async authorizationCodeGrant ({ code, redirectUri, codeVerifier }) {
      const parameters = oauth.validateAuthResponse(server, client, new URLSearchParams({ code }), oauth.expectNoState)
      const response = await oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, redirectUri, codeVerifier ?? oauth.nopkce, sentBy(postCode))
      return tokenSet(await refusalsOf(oauth.processAuthorizationCodeResponse(server, client, response), 'provider_refused'), requestedScope)
    },
    async refreshTokenGrant (refreshToken, scope, urgency = 'awaited') {
      const response = await oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, sentBy(postRefresh(urgency)))
      const renewed = tokenSet(await refusalsOf(oauth.processRefreshTokenResponse(server, client, response), 'provider_bad_response'), scope)
      return { ...renewed, refreshToken: renewed.refreshToken ?? refreshToken }
    }
  }
}

/** What AIHubMix said, put as the standard would have put it, for the library to judge. */
function standardResponse (answer: Answer, onOdd: (what: string) => void): Response {
  const body = jsonObject(answer)
  const members = unwrapped(body)
  if (answer.status >= 400 || isRefusal(members)) return refusalResponse(answer, body)
  const tokens = tokenResponse.safeParse(members)
  if (!tokens.success) throw new AuthorizationServerBadResponse(new Error(`token response without a usable ${tokens.error.issues[0]?.path.join('.')}`))
  oddInTokens(members).forEach(onOdd)
  const { access_token: accessToken, token_type: tokenType, expires_in: expiresIn, refresh_token: refreshToken, scope } = tokens.data
  return Response.json({
    access_token: accessToken,
    token_type: tokenType,
    expires_in: expiresIn,
    ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    ...(scope == null ? {} : { scope: scope.join(' ') })
  })
}

function refusalResponse (answer: Answer, body: Readonly<Record<string, unknown>>): Response {
  const { error } = body
  if (typeof error !== 'string') throw new GrantRefused(new Error(`HTTP ${answer.status}, refused without an OAuth error code; ${saying(body)}`))
  return Response.json({ error, error_description: saying(body) }, { status: answer.status >= 400 ? answer.status : 400 })
}

async function refusalsOf (processed: Promise<oauth.TokenEndpointResponse>, whenOurFault: ErrorCode): Promise<oauth.TokenEndpointResponse> {
  try {
    return await processed
  } catch (error) {
    if (!(error instanceof oauth.ResponseBodyError)) throw new AuthorizationServerBadResponse(error)
    const [said, words] = [`HTTP ${error.status} ${error.error.slice(0, 40)}`, error.error_description ?? '']
    const cause = new Error(`${said}; ${words}`)
    if (error.error === 'invalid_grant') throw new InvalidGrant(cause)
    if (isOurFault.has(error.error)) throw new GatewayError(whenOurFault, { cause: new Error(`${said}: check aihubmix.clientId and aihubmix.clientSecret; ${words}`) })
    throw notTheGrant.has(error.error) ? new AuthorizationServerBadResponse(cause) : new GrantRefused(cause)
  }
}
