import { isIP } from 'node:net'
import { z } from 'zod'

const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** True for `http:` on a host that is not this machine: what passes there can be read on the way. */
export function isPlainHttpElsewhere (url: URL): boolean {
  return url.protocol !== 'https:' && !loopbackHosts.includes(url.hostname)
}

/**
 * Reads an absolute http(s) URL strictly. The URL parser drops tabs, turns `\` into `/` and resolves `..`; a
 * configuration that needs such repair is a mistake, so null is answered. User info is refused: it would be printed.
 */
export function parseHttpUrl (text: string): URL | null {
  if (!/^https?:\/\/[^\s/?#@\\]+(?:[/?#][^\s\\]*)?$/i.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  return /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(url.hostname) ? url : null
}

/** `https://host[:port]` and nothing after it; http only on loopback. Read as a URL origin: lower case, no default port. */
export const secureOrigin = z.string().transform((text, ctx) => {
  const url = parseHttpUrl(text)
  if (url === null || /[?#]/.test(text) || url.pathname !== '/') return refuse(ctx, 'must be an origin such as https://app.example.com, without a path')
  if (isPlainHttpElsewhere(url)) return refuse(ctx, 'must be https; http is accepted on localhost, 127.0.0.1 and [::1] only')
  return url.origin
})

/** An absolute https URL (http on loopback), as it was written. */
export const secureUrl = z.string().refine((text) => {
  const url = parseHttpUrl(text)
  return url !== null && !isPlainHttpElsewhere(url)
}, 'must be an https URL; http is accepted on localhost, 127.0.0.1 and [::1] only')

/**
 * A redirect URI, kept exactly as written because AIHubMix compares it letter by letter. Its path becomes the
 * callback's, so the path must have one reading and cannot be the home page.
 */
export const redirectUri = z.string().superRefine((text, ctx) => {
  const url = parseHttpUrl(text)
  if (url === null || /[*#?%]/.test(text) || hasDotSegment(text)) return refuse(ctx, 'must be one plain URL such as https://app.example.com/oauth2/callback, without wildcard, query and fragment')
  if (isPlainHttpElsewhere(url)) return refuse(ctx, 'must be https; http is accepted on localhost, 127.0.0.1 and [::1] only')
  if (url.pathname === '/') return refuse(ctx, 'needs a path of its own, such as /oauth2/callback')
})

/** `host:port` to listen on, an IPv6 host in brackets. Port 0 takes any free port. */
export const listenAddress = z.string({ error: ({ input }) => input === undefined ? undefined : 'must be host:port, such as 0.0.0.0:4180' })
  .transform((text, ctx) => {
    const { host, port } = /^(?<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(?<port>\d{1,5})$/.exec(text)?.groups ?? {}
    if (host === undefined || port === undefined || Number(port) > 65_535) return refuse(ctx, 'must be host:port, such as 0.0.0.0:4180 or [::]:4180')
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  })

const networkExpected = 'must be an IP address or a CIDR such as 10.0.0.0/8; a number of hops or "true" would believe anyone'

/** One IP address or CIDR. */
export const network = z.string({ error: networkExpected }).refine((text) => {
  const [address = '', prefix, ...rest] = text.split('/')
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  if (longest < 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest)
}, networkExpected)

/** A host name without port, lower-cased. */
export const hostName = z.string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/, 'must be a host name such as app.example.com, without scheme and port')
  .transform((text) => text.toLowerCase())

/** A host name, or `*.` and a host name; lower-cased. */
export const hostPattern = z.string()
  .regex(/^(?:\*\.)?[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/, 'must be a host name such as app.example.com, or *.example.com')
  .transform((text) => text.toLowerCase())

/** Where a route forwards to. `origin` is a URL origin, `basePath` is empty or starts with a slash and ends without one. */
export type Upstream =
  | { readonly kind: 'http', readonly origin: string, readonly basePath: string }
  | { readonly kind: 'unix', readonly socketPath: string }

/** `http://host:port[/base]`, `https://…` or `unix:/path.sock`. */
export const upstream = z.string().transform((text, ctx): Upstream => {
  if (/^unix:\/[^\0]+$/.test(text)) return { kind: 'unix', socketPath: text.slice('unix:'.length) }
  const url = parseHttpUrl(text)
  if (url === null || /[?#%]/.test(text) || hasDotSegment(text)) return refuse(ctx, 'must be http://host:port, https://host:port or unix:/path.sock, optionally with a plain base path')
  return { kind: 'http', origin: url.origin, basePath: url.pathname.replace(/\/+$/, '') }
})

/** A path prefix that has one reading only; read without its trailing slash (except `/` itself). */
export const pathPrefix = z.string()
  .refine((text) => /^\/[\x21-\x7e]*$/.test(text) && !/[%?#\\]|\/\//.test(text) && !hasDotSegment(text),
    'must be a plain path starting with /, without %, ?, #, \\, // and dot segments')
  .transform((text) => text === '/' ? text : text.replace(/\/$/, ''))

function hasDotSegment (text: string): boolean {
  return text.split('/').some((segment) => segment === '.' || segment === '..')
}

function refuse (ctx: z.RefinementCtx, message: string): never {
  ctx.addIssue({ code: 'custom', message })
  return z.NEVER
}
