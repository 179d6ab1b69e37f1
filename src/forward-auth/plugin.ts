import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Admission, AdmissionRequest, Admit } from '../access/admission.ts'
import { audienceOf, defaultAssertionHeader, type Assertions } from '../access/assertion.ts'
import { hasBody, isNavigation, methodOverrides } from '../access/caller.ts'
import { clientAddressOf } from '../access/client-address.ts'
import { identityHeaders } from '../access/identity-headers.ts'
import type { Refusal } from '../access/refusal.ts'
import { routeNames } from '../access/routes.ts'
import type { TrustedProxies } from '../access/trusted-proxies.ts'
import { checkWebSocketOrigin } from '../access/websocket-origin.ts'
import type { Config, Route } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { SignIn } from '../login/sign-in.ts'
import type { TicketRotation } from '../login/ticket-rotation.ts'
import type { OwnCookies } from '../session/cookies.ts'
import type { UserSession } from '../session/user-session.ts'
import { createCredentialsForApp } from './credentials.ts'
import { readOriginalRequest, type OriginalRequest } from './original-request.ts'

export interface ForwardAuthOptions {
  readonly config: Config
  readonly admit: Admit
  readonly refusal: Refusal
  /** Null where none is configured. */
  readonly assertions: Assertions | null
  readonly signIn: SignIn
  readonly ticketRotation: TicketRotation
  readonly ownCookies: OwnCookies
  readonly trusted: TrustedProxies
}

/** How a proxy asks. */
interface Question {
  /** What the proxy is set up to ask for; Envoy cannot say anything. */
  readonly asked: URLSearchParams
  readonly isEnvoys: boolean
}

const authPath = '/oauth2/auth'

/**
 * The second door: a proxy in front (nginx, Traefik, Caddy, HAProxy, Envoy) asks whether a request may pass, and forwards it itself.
 * The same decision as the proxy's; 202 with what the app is to be told (200 for Envoy, which lets nothing else pass), else the very
 * answer the browser would get from us.
 */
export async function forwardAuthPlugin (app: FastifyInstance, { config, admit, refusal, assertions, signIn, ticketRotation, ownCookies, trusted }: ForwardAuthOptions): Promise<void> {
  const nameOf = routeNames(config.routes)
  const identityOf = identityHeaders(config.headers.set)
  const credentialsForApp = createCredentialsForApp(ownCookies)
  const publicUrl = new URL(config.server.publicUrl)
  const assertionHeader = config.headers.assertion?.header ?? defaultAssertionHeader
  const method = app.supportedMethods.filter((method) => method !== 'TRACE')

  // A proxy asks with GET, or with the method of the request it asks about (Envoy).
  app.route({ method, url: authPath, exposeHeadRoute: false, handler: answer })
  app.route({ method, url: `${authPath}/*`, exposeHeadRoute: false, handler: answer })

  async function answer (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const [path = '', query = ''] = splitTarget(request.target.raw)
    if (!path.startsWith(authPath)) throw new GatewayError('not_found') // spelled in another way
    refuseStrangers(request)
    const prefixed = path.length > authPath.length
    const original = readOriginalRequest({
      method: request.method,
      hostName: request.hostName,
      rawHeaders: request.raw.rawHeaders,
      prefixed: prefixed ? request.target.raw.slice(authPath.length) : ''
    }, config.server.limits.urlBytes)
    // From here on it is the original request that is answered: pages link to it, and sign-in leads back to it.
    request.target = original.target
    request.hostName = original.host
    const question = { asked: new URLSearchParams(prefixed ? 'login=redirect' : query), isEnvoys: prefixed }
    return await enforce(request, reply, original, await admit({ ...original, methodOverrides: methodOverrides(original.method, request.headers, original.target.raw), ...credentialsOf(request), onRoute: (route) => { meet(request, route) } }), question)
  }

  /** Known before anything is asked, so that whatever fails then is counted where it belongs. */
  function meet (request: FastifyRequest, route: Route): void {
    request.isForProgram = route.api
    request.takesTokens = route.bearer
    request.trail.route = nameOf(route)
  }

  async function enforce (request: FastifyRequest, reply: FastifyReply, original: OriginalRequest, admission: Admission, { asked, isEnvoys }: Question): Promise<FastifyReply> {
    const { route, user, opened, isByToken, decision } = admission
    const name = nameOf(route)
    request.trail.user = user?.identity.id ?? null
    switch (decision.outcome) {
      case 'sign-in': return signIn.challenge(request, reply, route.api || asked.get('login') !== 'redirect', original)
      case 'top-up': case 'deny': throw refusal(request, admission, name)
      case 'allow':
        if (isWebSocket(request)) checkWebSocketOrigin(route, request.headers.origin, publicUrl, request.hostName)
        if (asked.has('refused')) return again(request, reply, original)
        rotateTicket(reply, opened)
        return allowed(request, reply.code(isEnvoys ? 200 : 202), [
          ...credentialsForApp({ cookie: request.headers.cookie, authorization: request.headers.authorization, isByToken, isToEnvoy: isEnvoys }),
          ...(user === null ? [] : await identity(user, decision.isBalanceLow, audienceOf(route, original.host, publicUrl.hostname)))
        ])
    }
  }

  function credentialsOf ({ raw, headers: { cookie: cookieHeader, authorization } }: FastifyRequest): Pick<AdmissionRequest, 'cookieHeader' | 'authorization' | 'clientAddress'> {
    return { cookieHeader, authorization, clientAddress: () => clientAddressOf(raw, trusted) }
  }

  async function identity (session: UserSession, isBalanceLow: boolean, audience: string): Promise<readonly string[]> {
    const headers = identityOf(session, isBalanceLow)
    return assertions === null ? headers : [...headers, assertionHeader, await assertions.of(session, audience)]
  }

  /** The proxy in front hands it on to the browser where it is told to. */
  function rotateTicket (reply: FastifyReply, opened: Admission['opened']): void {
    const newTicket = opened === null ? null : ticketRotation(reply.request, opened)
    if (newTicket !== null) reply.header('set-cookie', newTicket)
  }

  /** What anybody could claim of a request must not be answered with who is allowed what. */
  function refuseStrangers ({ socket: { remoteAddress = '' }, log, id }: FastifyRequest): void {
    if (trusted.includes(remoteAddress)) return
    log.warn({ id, peer: remoteAddress }, 'forward-auth asked by a peer that is not in server.trustedProxies: 401')
    throw new GatewayError('login_required', { cause: new Error('not a trusted proxy') })
  }
}

/** The proxy has refused already and asks only what to show; since then the user has signed in elsewhere, or the like. */
function again (request: FastifyRequest, reply: FastifyReply, { method, target }: OriginalRequest): FastifyReply {
  if (!isNavigation(method, request.headers)) throw new GatewayError('decision_changed')
  return reply.header('cache-control', 'no-store').redirect(target.raw, 303)
}

/** Never kept by anybody: it is about one request, and shows the client's credentials. */
function allowed (request: FastifyRequest, reply: FastifyReply, told: readonly string[]): FastifyReply {
  reply.header('cache-control', 'no-store')
  for (let index = 0; index < told.length; index += 2) reply.header(told[index] ?? '', told[index + 1])
  // A proxy that announces the body of the original request and does not send it: its next question would be read as that body.
  if (hasBody(request.headers) && !request.raw.complete) reply.header('connection', 'close')
  return reply.send()
}

/** Some proxies pass the handshake headers on with their question, some leave `Upgrade` out. */
function isWebSocket ({ headers }: FastifyRequest): boolean {
  return headers['sec-websocket-key'] !== undefined || headers.upgrade?.toLowerCase() === 'websocket'
}

function splitTarget (raw: string): readonly [string, string] {
  const at = raw.indexOf('?')
  return at === -1 ? [raw, ''] : [raw.slice(0, at), raw.slice(at + 1)]
}
