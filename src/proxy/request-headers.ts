import { withoutOwnCookies, type OwnCookies } from '../session/cookies.ts'
import { takesTrailers } from './trailers.ts'

/** Connection-specific fields (RFC 9110 §7.6.1), and those that speak to this gateway only. */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings', 'expect']

/** What frameworks believe about the client: only what we build reaches the app. */
const tellsOfTheClient = [
  'forwarded', 'x-forwarded', 'x-scheme', 'x-url-scheme', 'front-end-https', 'x-host', 'x-http-host-override',
  'x-real-ip', 'client-ip', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip', 'cf-connecting-ip', 'cf-connecting-ipv6', 'fastly-client-ip', 'x-azure-clientip', 'x-appengine-user-ip',
  'x-envoy-external-address', 'proxy-client-ip', 'wl-proxy-client-ip', 'remote-addr', 'x-remote-addr', 'x-remote-ip', 'x-original-forwarded-for',
  'x-original-uri', 'x-original-url', 'x-original-host', 'x-original-method', 'x-rewrite-url', 'x-request-id', 'traceparent', 'tracestate',
  'remote-user', 'x-remote-user', 'x-remote-group', 'proxy'
]

/** Whole families: what proxies say of a request, and what oauth2-proxy says of its user to an app that may still listen. */
const tellingBeginnings = /^x-(forwarded|auth-request)-/

type Treatment = 'authorization' | 'keep' | 'drop' | 'cookie' | 'host' | 'te' | 'content-length'

export interface RequestHeadersOptions {
  /** Names the app believes: identity headers and the assertion. Client copies never pass, in any spelling. */
  readonly identityNames: readonly string[]
  readonly ownCookies: OwnCookies
}

/** What is sent before the client's own headers. */
export interface OwnHeaders {
  readonly host: string
  readonly forwarded: readonly string[]
  readonly identity: readonly string[]
  readonly hasBody: boolean
  /** The client's Authorization was for us: the app does not see it. */
  readonly isAuthorizationOurs: boolean
}

const rememberedNames = 2_000

/**
 * Builds the header list of the request to the app in one pass: nothing but our own values plus the client's allowed ones.
 * A name is judged as CGI, WSGI and PHP fold it (every sign but letters and digits is one): they read `X_User.Id` as `X-User-Id`.
 */
export function createRequestHeaders ({ identityNames, ownCookies }: RequestHeadersOptions) {
  const dropped = new Set([...hopByHop, ...tellsOfTheClient, ...identityNames].map(folded))
  const treatments = new Map<string, Treatment>()

  function judge (name: string): Treatment {
    const lower = name.toLowerCase()
    if (lower === 'cookie' || lower === 'host' || lower === 'te' || lower === 'content-length' || lower === 'authorization') return lower
    // A second spelling of these would be a second value to a folding app.
    const fold = folded(lower)
    return dropped.has(fold) || tellingBeginnings.test(fold) || fold === 'cookie' || fold === 'host' || fold === 'content-length' ? 'drop' : 'keep'
  }

  /** Browsers send the same few names for ever; an attacker's many must not fill the memory. */
  function treatment (name: string): Treatment {
    const known = treatments.get(name)
    if (known !== undefined) return known
    const judged = judge(name)
    if (treatments.size < rememberedNames && name.length < 64) treatments.set(name, judged)
    return judged
  }

  return function requestHeaders (raw: readonly string[], own: OwnHeaders): string[] {
    const headers = ['Host', own.host, ...own.forwarded, ...own.identity]
    const named = connectionNamed(raw)
    for (let index = 0; index < raw.length; index += 2) {
      const name = raw[index] ?? ''
      const value = raw[index + 1] ?? ''
      const passed = passedValue(treatment(name), value, own)
      if (passed !== null && !named?.has(name.toLowerCase())) headers.push(name, passed)
    }
    return headers
  }

  function passedValue (treatment: Treatment, value: string, { hasBody, isAuthorizationOurs }: OwnHeaders): string | null {
    switch (treatment) {
      case 'keep': return value
      case 'authorization': return isAuthorizationOurs ? null : value
      case 'drop': case 'host': return null
      case 'cookie': return withoutOwnCookies(value, ownCookies)
      case 'te': return takesTrailers(value) ? 'trailers' : null
      case 'content-length': return hasBody ? value : null
    }
  }
}

/** The names a client's Connection header declares to be for this hop only. Ours are added elsewhere: it cannot remove them. */
function connectionNamed (raw: readonly string[]): ReadonlySet<string> | null {
  let names: Set<string> | null = null
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = (raw[index + 1] ?? '').toLowerCase()
    if (value === 'keep-alive' || value === 'close') continue
    names ??= new Set()
    for (const part of value.split(',')) names.add(part.trim())
  }
  return names
}

/** How a header's name looks to a server that turns it into a variable. */
function folded (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}
