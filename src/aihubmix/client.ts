import type { Config } from '../config/schema.ts'
import { AuthorizationServerBadResponse, GatewayError, InvalidAccessToken } from '../errors.ts'
import type { Identity, TokenSet } from '../session/user-session.ts'
import type { Urgency } from './call-budget.ts'
import { createExchange, jsonObject, type Answer } from './exchange.ts'
import { createHostsExchange } from './hosts.ts'
import type { Endpoint, Sparing } from './sparing.ts'
import { createTokenEndpoint, tokenPath, type TokenEndpoint } from './token-endpoint.ts'
import { isRefusal, saying, topupResponse, unwrapped, userinfoResponse } from './wire.ts'

export interface AuthorizationRequest {
  readonly state: string
  /** RFC 7636 §4.2; null when PKCE is off. */
  readonly codeChallenge: string | null
  /** Whether AIHubMix may skip its consent page (`auto_authorize`). */
  readonly oneClick: boolean
}

/**
 * AIHubMix, as far as this gateway knows it. Every call has a deadline, and a wrong answer is never taken for a user. A call that
 * AIHubMix cannot bear just now is not made: it throws `CallSpared`.
 */
export interface AihubmixClient extends TokenEndpoint {
  /** Where the browser goes to ask for a code (RFC 6749 §4.1.1). */
  authorizationUrl (request: AuthorizationRequest): string
  /**
   * Who holds this access token. Calls for one token at the same time are one call. `urgency` is `awaited` unless given.
   * @throws InvalidAccessToken on 401, and on a refusal under HTTP 200
   * @throws GatewayError account_disabled, provider_refused (403)
   */
  userinfo (tokens: TokenSet, urgency?: Urgency): Promise<Identity>
  /**
   * The top-up link of this user: https and on `topupHosts`, or AIHubMix itself as configured.
   * @throws InvalidAccessToken, GatewayError topup_unavailable
   */
  topupUrl (tokens: TokenSet): Promise<string>
}

interface AihubmixClientOptions {
  readonly aihubmix: Config['aihubmix']
  readonly subject: Config['identity']['subject']
  readonly now: () => number
  readonly sparing: Sparing
  /** Told which of the back channel's hosts serves from now on. */
  readonly onMoved: (host: string) => void
  /** Told what was odd in an answer that is used all the same; each oddity once. */
  readonly onOddAnswer: (what: string) => void
}

/** Nobody waits for a refresh while the old token lives, and a lost answer may hold the only good refresh token. */
export function refreshTimeoutMs ({ timeout }: Pick<Config['aihubmix'], 'timeout'>): number {
  return timeout * 3
}

export function createAihubmixClient ({ aihubmix, subject, now, sparing, onMoved, onOddAnswer }: AihubmixClientOptions): AihubmixClient {
  const { browserUrl, serverUrl, clientId, clientSecret, redirectUri, topupHosts } = aihubmix
  const hosts = [serverUrl, ...aihubmix.serverFallbackUrls]
  const connectTimeoutMs = aihubmix.timeout / hosts.length
  const exchangeWithin = (timeoutMs: number) => createHostsExchange({ hosts, exchange: createExchange(timeoutMs, connectTimeoutMs), now, onMoved })
  const exchange = exchangeWithin(aihubmix.timeout)
  const refreshExchange = exchangeWithin(refreshTimeoutMs(aihubmix))
  const requestedScope = aihubmix.scope.split(' ')
  const reading = new Map<string, Promise<Identity>>()
  const oddities = new Set<string>()

  const onOdd = (what: string): void => {
    if (!oddities.has(what)) onOddAnswer(what)
    oddities.add(what)
  }

  const resource = async (endpoint: Endpoint, { accessToken }: TokenSet, urgency: Urgency): Promise<Answer> => {
    const headers = { authorization: `Bearer ${accessToken}` }
    const answer = await sparing.call(endpoint, urgency, () => exchange(`/api/oauth2/${endpoint}`, { headers }))
    if (answer.status === 401) throw new InvalidAccessToken(new Error('HTTP 401'), true)
    if (answer.status === 403) throw new GatewayError('provider_refused', { cause: new Error('HTTP 403') })
    return answer
  }

  const members = (answer: Answer): Readonly<Record<string, unknown>> => {
    const body = unwrapped(jsonObject(answer))
    if (answer.status >= 400) throw new AuthorizationServerBadResponse(new Error(`HTTP ${answer.status}`))
    if (isRefusal(body)) throw new InvalidAccessToken(new Error(`refused under HTTP 200; ${saying(body)}`), false)
    return body
  }

  const readUserinfo = async (tokens: TokenSet, urgency: Urgency): Promise<Identity> => {
    const answer = await resource('userinfo', tokens, urgency)
    const body = members(answer)
    const grantsBalance = tokens.scope.includes('balance')
    if (grantsBalance !== (body['balance_formatted'] != null)) onOdd(grantsBalance ? 'userinfo has no balance_formatted although the scope balance is granted: the balance is not known' : 'userinfo has a balance_formatted although the scope balance is not granted: it is not used')
    return readIdentity(body, { subject, grantsBalance, readAt: now(), userinfo: answer.text })
  }

  return {
    ...createTokenEndpoint({
      serverUrl,
      clientId,
      clientSecret,
      requestedScope,
      // A code is worth nothing without the reading of userinfo that follows.
      postCode: (init) => sparing.call('token', 'sign-in', () => exchange(tokenPath, init), 1),
      onOdd,
      postRefresh: (urgency) => (init) => sparing.call('token', urgency, () => refreshExchange(tokenPath, init)),
      now
    }),

    authorizationUrl ({ state, codeChallenge, oneClick }) {
      const parameters = new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, response_type: 'code', scope: aihubmix.scope, state })
      if (oneClick) parameters.set('auto_authorize', 'true')
      if (codeChallenge !== null) {
        parameters.set('code_challenge', codeChallenge)
        parameters.set('code_challenge_method', 'S256')
      }
      // %20 and + both mean a space in a form, but only %20 does everywhere (V-41).
      return `${browserUrl}/api/oauth2/authorize?${parameters.toString().replaceAll('+', '%20')}`
    },

    userinfo (tokens, urgency = 'awaited') {
      const running = reading.get(tokens.accessToken)
      if (running !== undefined) return running
      const read = readUserinfo(tokens, urgency).finally(() => reading.delete(tokens.accessToken))
      reading.set(tokens.accessToken, read)
      return read
    },

    async topupUrl (tokens) {
      const answer = await resource('topup', tokens, 'asked')
      const { data } = topupResponse.safeParse(answer.status === 404 ? {} : members(answer))
      const url = data === undefined ? null : readTopupUrl(data.topup_url, topupHosts, browserUrl)
      if (url === null) throw new GatewayError('topup_unavailable')
      return url
    }
  }
}

interface ReadIdentityOptions {
  readonly subject: Config['identity']['subject']
  readonly grantsBalance: boolean
  readonly readAt: number
  readonly userinfo: string
}

function readIdentity (body: Readonly<Record<string, unknown>>, { subject, grantsBalance, readAt, userinfo }: ReadIdentityOptions): Identity {
  const { data } = userinfoResponse.safeParse(body)
  const id = data === undefined ? null : subject === 'id' ? data.id : data.username
  // V-21: never silently another kind of subject
  if (data === undefined || id === null || id === '0') throw new AuthorizationServerBadResponse(new Error(`userinfo without a usable ${subject}`))
  if (data.status !== null && data.status !== '1') throw new GatewayError('account_disabled', { cause: new Error(`status ${data.status.slice(0, 20)}`) })
  const { username, email, status } = data
  return { id, username, email, balance: grantsBalance ? data.balance_formatted : null, status, readAt, userinfo }
}

/** The address as the parser that judged it writes it: what a browser reads cannot be another one. */
function readTopupUrl (text: string, hosts: readonly string[], browserUrl: string): string | null {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return null
  const isOurs = url.origin === browserUrl || (url.protocol === 'https:' && hosts.some((host) => url.hostname === host || url.hostname.endsWith(`.${host}`)))
  return isOurs ? url.href : null
}
