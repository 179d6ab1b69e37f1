import { z } from 'zod'
import { hostPattern, pathPrefix, secureOrigin, upstream } from './addresses.ts'
import { allowRules } from './allow.ts'
import { amount } from './decimal.ts'
import { section } from './section.ts'
import { clientTls } from './tls.ts'
import { duration, size, timer } from './units.ts'

const method = z.string()
  .regex(/^[A-Za-z][A-Za-z-]*$/, 'must be an HTTP method such as GET')
  .transform((text) => text.toUpperCase())

const timeouts = section({
  connect: timer().prefault('5s').describe('To open a connection to the upstream; 0s = none'),
  headers: timer().prefault('60s').describe('Until the upstream has sent its response headers; 0s = none'),
  body: timer().prefault('0s').describe('Silence allowed within a body; 0s = none, so streams never die of silence')
})

const websocket = section({
  enabled: z.boolean().default(true).describe('Whether WebSocket upgrades are let through'),
  allowedOrigins: z.array(secureOrigin).prefault([]).describe('Origins that may open a WebSocket; empty = the public origin')
})

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is not a valid header name').refine((name) => name !== '*', 'must name each header: * is refused')

const cors = z.strictObject({
  origins: z.array(secureOrigin).min(1).describe('Origins whose scripts may ask and read, each written out'),
  headers: z.array(headerName).prefault(['Authorization', 'Content-Type', 'X-Requested-With']).describe('Request headers such a script may send'),
  exposeHeaders: z.array(headerName).prefault([]).describe('Response headers such a script may read'),
  credentials: z.boolean().default(true).describe('Whether it may ask with the session cookie, which browsers send within one site only'),
  maxAge: duration().prefault('10m').describe('How long a browser may remember the answer to a preflight')
})

const limits = section({
  bodyBytes: size().nullable().prefault(null).describe('A request body on this route; above: 413; null = server.limits.bodyBytes')
})

const rateLimit = z.strictObject({
  requests: z.int().min(1).describe('How many requests one user may send on this route in a window'),
  window: duration({ atLeast: 1_000 }).describe('How long a window is, in whole seconds')
})

/** One entry of `routes`. */
export const routeSchema = z.strictObject({
  host: hostPattern.nullable().prefault(null).describe('Host the route serves, exact or *.example.com; absent = any'),
  path: pathPrefix.prefault('/').describe('Prefix in whole segments; the longest match wins, then the host, then the method'),
  exact: z.boolean().default(false).describe('true: this very path (with or without a slash at its end), not what lies below it'),
  methods: z.array(method).prefault([]).describe('HTTP methods the route serves; empty = all'),
  upstream: upstream.nullable().prefault(null).describe('http://host:port, https://host:port or unix:/path.sock; absent in forward-auth'),
  stripPrefix: z.boolean().default(false).describe('Removes `path` before forwarding'),
  access: z.enum(['signedIn', 'anyone', 'nobody']).default('signedIn').describe('Who gets through before any other rule'),
  allow: allowRules.describe('Narrows identity.allow for this route'),
  minBalance: amount.nullable().prefault(null).describe('Below this balance the user is asked to top up; a decimal in quotes'),
  warnBalance: amount.nullable().prefault(null).describe('Below this balance app and client are told, in X-User-Balance-Low: true; a decimal in quotes'),
  onUnknown: z.enum(['pass', 'block']).default('pass').describe('What an unknown balance does where minBalance is set'),
  api: z.boolean().default(false).describe('true: never a redirect, always 401 JSON'),
  bearer: z.boolean().default(false).describe('true: an AIHubMix access token in Authorization is accepted instead of a session, and not passed on'),
  tls: clientTls.prefault({}).describe('How a https upstream is verified'),
  timeouts: timeouts.prefault({}).describe('How long the upstream may take'),
  limits: limits.prefault({}).describe('What a client may send'),
  rateLimit: rateLimit.nullable().prefault(null).describe('Requests one user may send on this route; above: 429'),
  cors: cors.nullable().prefault(null).describe('Scripts of other origins that may use this route; null = the app\'s own headers speak'),
  websocket: websocket.prefault({}).describe('WebSocket upgrades'),
  preserveHost: z.boolean().default(true).describe('Sends the Host the browser sent; false sends the upstream\'s')
})
