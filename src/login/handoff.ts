import type { Config } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { CookieSeal } from '../session/plugin.ts'
import { sharesSession } from './return-to.ts'
import { codeChallenge, type LoginTransaction } from './transaction.ts'

/** What a host asks the public host for: the session of this browser, for the attempt that began there. */
export interface HandoffRequest {
  readonly host: string
  readonly state: string
  readonly challenge: string
  /** The browser signed out on that host, or on the public one, and was asked since: AIHubMix has to ask as well. */
  readonly asksFirst: boolean
}

/**
 * How a session comes to a host that cannot see its cookie. AIHubMix knows one redirect URI, so everybody signs in on the public host;
 * it then gives the browser a code for the other host, in the manner of RFC 6749 §4.1 with PKCE (RFC 7636): bound to that host and to
 * the attempt whose secret only the browser's cookie there holds, good for 60 seconds. It is the same session: its end is everywhere.
 */
export interface Handoff {
  /** Only hosts that are written out: behind a wildcard there may be one that is not ours any more. */
  isFor (host: string): boolean
  /** Where our pages for who asks this host are: there, where a session is handed to it, else on the public host. */
  originFor (host: string): string
  /** Where a browser on `host` asks. */
  requestUrl (host: string, transaction: LoginTransaction, asksFirst: boolean): string
  /** The same address once the person was asked and said yes. */
  askedAddress (requestTarget: string): string
  /** @throws GatewayError missing_parameters, unknown_host */
  readRequest (search: URLSearchParams): HandoffRequest
  /** The address on the other host that takes the session whose ticket this cookie value is. */
  answerUrl (request: HandoffRequest, cookieValue: string): string
  /** @throws GatewayError invalid_state when the code is none of ours, or for another host or browser; sign_in_expired */
  redeem (code: string, host: string, transaction: LoginTransaction): string
}

interface HandoffOptions {
  readonly config: Pick<Config, 'server' | 'session' | 'routes'>
  readonly seal: CookieSeal
  readonly now: () => number
}

export const handoffPath = '/oauth2/handoff'
export const handoffMaxAgeMs = 60_000

export function createHandoff ({ config, seal, now }: HandoffOptions): Handoff {
  const { publicUrl } = config.server
  const { hostname, protocol, port } = new URL(publicUrl)
  const isShared = sharesSession(config)
  const hosts = new Set(config.routes.flatMap(({ host }) => host === null || host.startsWith('*.') || host === hostname || isShared(host) ? [] : [host]))

  const originOn = (host: string): string => `${protocol}//${host}${port === '' ? '' : `:${port}`}`

  return {
    isFor: (host) => hosts.has(host),
    originFor: (host) => hosts.has(host) ? originOn(host) : publicUrl,
    requestUrl: (host, { state, codeVerifier }, asksFirst) =>
      `${publicUrl}${handoffPath}?${new URLSearchParams({ host, state, challenge: codeChallenge(codeVerifier), ...(asksFirst ? { ask: '1' } : {}) })}`,
    askedAddress: (requestTarget) => `${requestTarget}&ask=1`, // a request has parameters, or it was refused
    readRequest (search) {
      const [host = '', state = '', challenge = ''] = ['host', 'state', 'challenge'].map((name) => search.get(name) ?? '')
      if (!hosts.has(host)) throw new GatewayError('unknown_host', { cause: new Error('no host a session is handed to') })
      if (!isRandomText(state) || !isRandomText(challenge)) throw new GatewayError('missing_parameters', { cause: new Error('state or challenge') })
      return { host, state, challenge, asksFirst: search.has('ask') }
    },
    answerUrl ({ host, state, challenge }, cookieValue) {
      const code = seal.seal({ host, challenge, cookieValue, issuedAt: String(now()) })
      return `${originOn(host)}${handoffPath}?${new URLSearchParams({ code, state })}`
    },
    redeem (code, host, { codeVerifier }) {
      const { cookieValue, challenge, host: meant, issuedAt } = seal.open(code) ?? {}
      if (cookieValue === undefined || meant !== host || challenge !== codeChallenge(codeVerifier)) throw new GatewayError('invalid_state', { cause: new Error('the hand-off code is none, or for another host or browser') })
      if (now() - Number(issuedAt) > handoffMaxAgeMs) throw new GatewayError('sign_in_expired')
      return cookieValue
    }
  }
}

/** 256 bits in base64url. */
function isRandomText (text: string): boolean {
  return /^[\w-]{43}$/.test(text)
}
