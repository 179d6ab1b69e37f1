import type { FastifyReply } from 'fastify'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Admission, Admit } from '../access/admission.ts'
import { audienceOf, defaultAssertionHeader, type Assertions } from '../access/assertion.ts'
import { hasBody, methodOverrides } from '../access/caller.ts'
import { clientAddressOf } from '../access/client-address.ts'
import { createCors, withCors, type Cors } from '../access/cors.ts'
import type { BearerClients, Opened } from '../bearer/bearer-clients.ts'
import type { Config, Route } from '../config/schema.ts'
import { identityHeaders } from '../access/identity-headers.ts'
import { lowBalanceHeader } from '../access/low-balance.ts'
import type { Refusal } from '../access/refusal.ts'
import { routeNames } from '../access/routes.ts'
import type { Asked } from '../access/still-passes.ts'
import type { TrustedProxies } from '../access/trusted-proxies.ts'
import { checkWebSocketOrigin } from '../access/websocket-origin.ts'
import type { Onward, OwnAnswer, Pass } from '../door/door.ts'
import type { Exchange } from '../door/exchange.ts'
import { GatewayError } from '../errors.ts'
import type { SignIn } from '../login/sign-in.ts'
import type { TicketRotation } from '../login/ticket-rotation.ts'
import type { OwnCookies } from '../session/cookies.ts'
import type { UserSession } from '../session/user-session.ts'
import type { GatewayMetrics } from '../telemetry/metrics.ts'
import type { Trace } from '../telemetry/trace.ts'
import { createForwarded } from './forwarded.ts'
import { forward, type ForwardHooks, type Outgoing } from './http.ts'
import type { LiveConnections, Owner } from './live-connections.ts'
import { createRequestHeaders } from './request-headers.ts'
import { createResponseHeaders, type AppHeaders } from './response-headers.ts'
import { createResponseTrailers } from './trailers.ts'
import type { Upstreams } from './upstreams.ts'
import { checkHandshake, tunnel, watchForLeaving, type Upgrade } from './websocket.ts'

export interface PassOptions {
  readonly config: Config
  readonly admit: Admit
  readonly refusal: Refusal
  /** Null where none is configured. */
  readonly assertions: Assertions | null
  readonly signIn: SignIn
  readonly upstreams: Upstreams
  readonly trusted: TrustedProxies
  readonly ownCookies: OwnCookies
  readonly live: LiveConnections
  readonly bearerClients: Pick<BearerClients, 'hold'>
  readonly ticketRotation: TicketRotation
  readonly metrics: Pick<GatewayMetrics, 'route' | 'webSockets' | 'eventStreams'>
  /** The bare connection of a request that asked for a WebSocket. */
  readonly upgradeOf: (request: IncomingMessage) => Upgrade | undefined
}

/** Everything that is not the gateway's own goes through here: admitted or not, then forwarded by our own transport (docs/decisions/0002). */
export function createPass ({ config, admit, refusal, assertions, signIn, upstreams, trusted, ownCookies, live, bearerClients, ticketRotation, metrics, upgradeOf }: PassOptions): Pass {
  const nameOf = routeNames(config.routes)
  const assertionHeader = config.headers.assertion?.header ?? defaultAssertionHeader
  const identityNames = [...Object.keys(config.headers.set), assertionHeader, defaultAssertionHeader, lowBalanceHeader]
  const publicUrl = new URL(config.server.publicUrl)
  const cors = createCors(config.routes)
  const requestHeaders = createRequestHeaders({ identityNames, ownCookies })
  const responseHeaders = createResponseHeaders(ownCookies, identityNames)
  const responseTrailers = createResponseTrailers(identityNames)
  const identityOf = identityHeaders(config.headers.set)
  const forwarded = createForwarded(publicUrl, trusted)

  /** Callbacks and no promise: where the session is at hand, a request is on its way to the app before the event loop turns. */
  return function passThrough (exchange, onward): void {
    if (exchange.headers.origin === undefined || cors === null) answer(exchange, (own) => { onward(exchange, own) })
    else crossing(exchange, cors, onward)
  }

  /** A script of another origin reads our own answers where it may read the app's. */
  function crossing (exchange: Exchange, cors: Cors, onward: Onward): void {
    const allowed = cors.preflight(exchange)
    if (allowed !== null) return onward(exchange, (_request, reply) => { withFlat(reply, allowed).code(204).send() })
    answer(exchange, (own) => {
      onward(exchange, (request, reply) => {
        try {
          if (own instanceof Error) throw own
          own(request, reply)
        } catch (error) {
          withFlat(reply, cors.ofOwnAnswer(exchange))
          throw error
        }
      })
    })
  }

  /** The one place where what was at hand and what had to be waited for come together, and where every error ends. */
  function answer (exchange: Exchange, byOurselves: ByOurselves): void {
    const { target, hostName: host, method, headers: { cookie: cookieHeader, authorization } } = exchange
    try {
      const admission = admit({ host, method, methodOverrides: methodOverrides(method, exchange.headers, target.raw), target, cookieHeader, authorization, clientAddress: () => clientAddressOf(exchange.raw, trusted), onRoute: (route) => { meet(exchange, route) } })
      if (admission instanceof Promise) admission.then((admitted) => enforce(exchange, admitted, byOurselves)).catch(byOurselves)
      else enforce(exchange, admission, byOurselves)?.catch(byOurselves)
    } catch (error) {
      byOurselves(asError(error))
    }
  }

  /** Known before anything is asked, so that whatever fails then is counted where it belongs. */
  function meet (exchange: Exchange, route: Route): void {
    exchange.isForProgram = route.api
    exchange.takesTokens = route.bearer
    exchange.trail.route = nameOf(route)
  }

  /** Returns a promise only where it has to wait for something before the request is sent. */
  function enforce (exchange: Exchange, admission: Admission, byOurselves: ByOurselves): Promise<void> | undefined {
    const route = nameOf(admission.route)
    exchange.trail.user = admission.user?.identity.id ?? null

    switch (admission.decision.outcome) {
      case 'sign-in':
        byOurselves((request, reply) => { signIn.challenge(request, reply, admission.route.api) })
        return undefined
      case 'top-up': case 'deny': throw refusal(exchange, admission, route)
      case 'allow': return pass(exchange, admission, admission.decision.isBalanceLow, byOurselves)
    }
  }

  function pass (exchange: Exchange, admission: Admission, isBalanceLow: boolean, byOurselves: ByOurselves): Promise<void> | undefined {
    const { route, user } = admission
    if (route.upstream === null) throw new GatewayError('not_found', { cause: new Error('a route for forward-auth: it has no upstream') })
    const assertion = assertions === null || user === null ? null : assertions.of(user, audienceOf(route, exchange.hostName, publicUrl.hostname))
    const identity = user === null ? [] : identityOf(user, isBalanceLow)
    const go = (told: readonly string[]): void => { send(exchange, admission, isBalanceLow, told, byOurselves) }
    if (assertion instanceof Promise) return assertion.then((signed) => { go([...identity, assertionHeader, signed]) })
    go(assertion === null ? identity : [...identity, assertionHeader, assertion])
    return undefined
  }

  function send (exchange: Exchange, { route, user, opened, isByToken }: Admission, isBalanceLow: boolean, told: readonly string[], byOurselves: ByOurselves): void {
    const { raw, response, headers, trail } = exchange
    const newTicket = opened === null ? null : ticketRotation(exchange, opened)
    const owner: Owner | null = opened === null ? null : { ticket: opened.ticket, asked: askedOf(exchange) }
    const answerHeaders = (ofApp: AppHeaders): string[] => {
      if (isBalanceLow) ofApp.list.push(lowBalanceHeader, 'true')
      const list = route.cors === null ? ofApp.list : withCors(route.cors, headers.origin, ofApp.list)
      if (newTicket !== null && !isShareable(ofApp)) list.push('set-cookie', newTicket)
      return list
    }
    const upgrade = upgradeOf(raw)
    if (upgrade !== undefined) checkUpgrade(exchange, route)
    const stopWatching = upgrade === undefined ? undefined : watchForLeaving(upgrade.socket)
    const call = trail.trace.call(`proxy ${nameOf(route)}`)
    const sentAt = performance.now()
    const answered = (): void => {
      trail.upstreamMs = performance.now() - sentAt
      call.end()
    }
    const onAnswer: ForwardHooks['onAnswer'] = (ofApp) => {
      answered()
      if (isEventStream(ofApp)) {
        countWhileOpen(response, metrics.eventStreams)
        if (owner !== null) live.add(owner, response)
        if (isByToken && user !== null) bearerClients.hold(openedBy(user, exchange), response, () => { response.destroy() })
      }
      return answerHeaders(ofApp)
    }
    const onFailed: ForwardHooks['onFailed'] = (error) => {
      call.end({ error: error.code })
      if (error.status >= 500) metrics.route(nameOf(route)).upstreamFailed(error.code)
      byOurselves(error)
    }
    const hooks: ForwardHooks = upgrade === undefined
      ? { responseHeaders, responseTrailers, onAnswer, onLeft: answered, onFailed }
      : {
          responseHeaders,
          onAnswer,
          onLeft: answered,
          onFailed,
          onUpgrade (ofApp, socket) {
            answered()
            stopWatching?.()
            response.statusCode = 101
            countWhileOpen(upgrade.socket, metrics.webSockets)
            const end = tunnel(upgrade, socket, answerHeaders(ofApp))
            live.add(owner, upgrade.socket, end)
            if (isByToken && user !== null) bearerClients.hold(openedBy(user, exchange), upgrade.socket, () => end('session over'))
          }
        }
    forward(raw, response, outgoing(exchange, route, told, call, isByToken), hooks)
  }

  function outgoing ({ raw, id, target, trail }: Exchange, route: Route, identity: readonly string[], call: Trace, isAuthorizationOurs: boolean): Outgoing {
    const upstream = upstreams.of(route)
    const told = forwarded(raw, id, call)
    trail.client = told.clientAddress
    const carriesBody = hasBody(raw.headers)
    const headers = requestHeaders(raw.rawHeaders, {
      host: route.preserveHost ? raw.headers.host ?? upstream.host : upstream.host,
      forwarded: told.headers,
      identity,
      hasBody: carriesBody,
      isAuthorizationOurs
    })
    return { upstream, path: upstream.basePath + pathFor(route, target.raw), headers, hasBody: carriesBody, bodyLimitBytes: bodyLimit(route, raw.headers) }
  }

  /** The smaller of the two; a body that says it is larger is not begun. */
  function bodyLimit ({ limits }: Route, headers: IncomingHttpHeaders): number | null {
    if (limits.bodyBytes === null) return config.server.limits.bodyBytes
    if (Number(headers['content-length'] ?? 0) > limits.bodyBytes) throw new GatewayError('body_too_large')
    return limits.bodyBytes
  }

  function checkUpgrade ({ raw, hostName }: Exchange, route: Route): void {
    checkHandshake(raw)
    checkWebSocketOrigin(route, raw.headers.origin, publicUrl, hostName)
  }
}

/** Told what the gateway answers itself, because it cannot or must not forward. */
type ByOurselves = (answer: Error | OwnAnswer) => void

/**
 * The target byte for byte, but for a prefix to be cut. One that is spelled in another way cannot be cut without a doubt, and what
 * is left must be a path again: `//evil.test/` names another host to an app that redirects to it.
 */
function pathFor ({ stripPrefix, path: prefix }: Route, raw: string): string {
  if (!stripPrefix || prefix === '/') return raw
  const rest = raw.slice(prefix.length)
  if (!raw.startsWith(prefix) || rest.startsWith('//')) throw new GatewayError('malformed_request_target', { cause: new Error('the prefix cannot be cut') })
  return rest.startsWith('/') ? rest : `/${rest}`
}

function askedOf ({ hostName: host, method, target }: Exchange): Asked {
  return { host, method, target }
}

function openedBy (user: UserSession, exchange: Exchange): Opened {
  return { authorization: exchange.headers.authorization, user, asked: askedOf(exchange) }
}

function asError (error: unknown): Error {
  return error instanceof Error ? error : new Error('no Error was thrown', { cause: error })
}

/** Sets a flat list of headers. */
function withFlat (reply: FastifyReply, headers: readonly string[]): FastifyReply {
  for (let index = 0; index < headers.length; index += 2) reply.header(headers[index] ?? '', headers[index + 1])
  return reply
}

/** A cache between us and others may keep this answer, and would hand the cookie in it to everybody. */
function isShareable ({ cacheControl }: AppHeaders): boolean {
  const rules = cacheControl ?? ''
  return /\b(public|s-maxage|max-age)\b/i.test(rules) && !/\b(private|no-store)\b/i.test(rules)
}

function isEventStream ({ contentType }: AppHeaders): boolean {
  return contentType?.startsWith('text/event-stream') === true
}

function countWhileOpen (connection: { once (event: 'close', listener: () => void): unknown }, count: (change: 1 | -1) => void): void {
  count(1)
  connection.once('close', () => count(-1))
}
