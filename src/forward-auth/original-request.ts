import { METHODS } from 'node:http'
import { hostNameOf } from '../access/host.ts'
import { readRequestTarget, type RequestTarget } from '../access/request-target.ts'
import { GatewayError } from '../errors.ts'

/** What the browser asked the proxy in front for. */
export interface OriginalRequest {
  readonly method: string
  readonly host: string
  readonly target: RequestTarget
}

/** The proxy's own question, which is about another request. */
export interface AuthRequest {
  readonly method: string
  readonly hostName: string
  readonly rawHeaders: readonly string[]
  /** What stands behind /oauth2/auth in the path: Envoy puts the original target there. Empty when nothing does. */
  readonly prefixed: string
}

type Part = 'method' | 'host' | 'uri' | 'url'

/** Where nginx, Traefik, Caddy, HAProxy and ingress-nginx say what was asked for. */
const parts: Readonly<Record<string, Part>> = {
  'x-forwarded-method': 'method',
  'x-original-method': 'method',
  'x-forwarded-host': 'host',
  'x-original-host': 'host',
  'x-forwarded-uri': 'uri',
  'x-original-uri': 'uri',
  'x-original-url': 'url'
}

/**
 * Reads the request that is asked about. A client's own copy of a header that the proxy does not set gets through to us, so
 * whatever is said twice must be the same, and nothing is taken for granted that is not said: no laxer reading is ever chosen.
 * @throws GatewayError malformed_request for what is missing, said in two ways or spelled oddly; malformed_request_target,
 * url_too_long, method_not_allowed
 */
export function readOriginalRequest ({ method, hostName, rawHeaders, prefixed }: AuthRequest, urlBytes: number): OriginalRequest {
  const said = readParts(rawHeaders)
  const urls = said.url.map(splitUrl)
  const isPrefixed = prefixed !== ''
  const uri = only('target', [...said.uri, ...urls.map(({ uri }) => uri), ...(isPrefixed ? [prefixed] : [])])
  if (uri.length > urlBytes) throw new GatewayError('url_too_long')
  return {
    target: readRequestTarget(uri),
    method: servedMethod(only('method', [...said.method, ...(isPrefixed ? [method] : [])])),
    host: only('host', [...[...said.host, ...urls.map(({ host }) => host)].map(hostNameOf), ...(isPrefixed ? [hostName] : [])])
  }
}

function readParts (rawHeaders: readonly string[]): Readonly<Record<Part, string[]>> {
  const said: Record<Part, string[]> = { method: [], host: [], uri: [], url: [] }
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    const canonical = name.replace(/[^a-z0-9]/g, '-')
    const part = parts[canonical]
    if (part === undefined) continue
    // A proxy that folds names as CGI does, or takes the first of two, would have read it in another way than we.
    if (name !== canonical || seen.has(name)) refuse(`${name} is ${seen.has(name) ? 'there twice' : 'spelled oddly'}`)
    seen.add(name)
    said[part].push(rawHeaders[index + 1] ?? '')
  }
  return said
}

function splitUrl (url: string): { readonly host: string, readonly uri: string } {
  const [, host, uri] = /^https?:\/\/([^/?#\\]+)(.*)$/i.exec(url) ?? refuse('X-Original-URL is no URL')
  return { host: host ?? '', uri: uri === undefined || uri === '' ? '/' : uri }
}

function only (what: string, values: readonly string[]): string {
  const [value] = values
  if (value === undefined) return refuse(`the proxy does not say the original ${what}`)
  return values.every((other) => other === value) ? value : refuse(`the original ${what} is said in two ways`)
}

/** As strict as our own listener: a method it would not read has no rule either. */
function servedMethod (method: string): string {
  if (!METHODS.includes(method)) return refuse('an unknown method')
  if (method === 'TRACE' || method === 'CONNECT') throw new GatewayError('method_not_allowed')
  return method
}

function refuse (problem: string): never {
  throw new GatewayError('malformed_request', { cause: new Error(`forward-auth: ${problem}`) })
}
