import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Admission, Admit } from '../access/admission.ts'
import { audienceOf, defaultAssertionHeader, type Assertions } from '../access/assertion.ts'
import { hasBody } from '../access/caller.ts'
import { clientAddressOf } from '../access/client-address.ts'
import { createCors, withCors, type Cors } from '../access/cors.ts'
import type { BearerClients } from '../bearer/bearer-clients.ts'
import type { Config, Route } from '../config/schema.ts'
import { identityHeaders } from '../access/identity-headers.ts'
import { lowBalanceHeader } from '../access/low-balance.ts'
import type { Refusal } from '../access/refusal.ts'
import { routeNames } from '../access/routes.ts'
import type { TrustedProxies } from '../access/trusted-proxies.ts'
import { checkWebSocketOrigin } from '../access/websocket-origin.ts'
import { GatewayError } from '../errors.ts'
import type { SignIn } from '../login/sign-in.ts'
import type { TicketRotation } from '../login/ticket-rotation.ts'
import type { OwnCookies } from '../session/cookies.ts'
import type { GatewayMetrics } from '../telemetry/metrics.ts'
import type { Trace } from '../telemetry/trace.ts'
import { createForwarded } from './forwarded.ts'
import { forward, type ForwardHooks, type Outgoing } from './http.ts'
import type { LiveConnections, Owner } from './live-connections.ts'
import { createRequestHeaders } from './request-headers.ts'
import { createResponseHeaders, type AppHeaders } from './response-headers.ts'
import type { Upstreams } from './upstreams.ts'
import { checkHandshake, tunnel, watchForLeaving, type Upgrade } from './websocket.ts'

export interface ProxyOptions {
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

/**
 * Everything that is not the gateway's own goes through here: admitted or not, then forwarded.
 * @fastify/http-proxy holds the routes; the request itself is forwarded by our own transport (docs/decisions/0002).
 */
export async function proxyPlugin (app: FastifyInstance, options: ProxyOptions): Promise<void> {
  // As its preHandler, ours answers everything: the plugin's own handler, which parses and resolves, is never reached.
  const preHandler = createProxyHandler(options)
  await app.register(httpProxy, {
    upstream: '',
    replyOptions: { getUpstream: () => 'http://unused.invalid' },
    httpMethods: app.supportedMethods.filter((method) => method !== 'TRACE'),
    proxyPayloads: false,
    preHandler,
    handler () { throw new Error('a request came past the proxy handler') }
  })
}

/** What the gateway answers itself, because it cannot or must not forward. */
type Failed = (error: Error) => void

function createProxyHandler ({ config, admit, refusal, assertions, signIn, upstreams, trusted, ownCookies, live, bearerClients, ticketRotation, metrics, upgradeOf }: ProxyOptions) {
  const nameOf = routeNames(config.routes)
  const assertionHeader = config.headers.assertion?.header ?? defaultAssertionHeader
  const identityNames = [...Object.keys(config.headers.set), assertionHeader, defaultAssertionHeader, lowBalanceHeader]
  const publicUrl = new URL(config.server.publicUrl)
  const cors = createCors(config.routes)
  const requestHeaders = createRequestHeaders({ identityNames, ownCookies })
  const responseHeaders = createResponseHeaders(ownCookies, identityNames)
  const identityOf = identityHeaders(config.headers.set)
  const forwarded = createForwarded(publicUrl, trusted)

  /** A callback and no promise: where the session is at hand, a request is on its way to the app before the event loop turns. */
  return function passThrough (request: FastifyRequest, reply: FastifyReply, failed: Failed): void {
    if (request.headers.origin === undefined || cors === null) answer(request, reply, failed)
    else crossing(request, reply, cors, failed)
  }

  function crossing (request: FastifyRequest, reply: FastifyReply, cors: Cors, failed: Failed): void {
    const allowed = cors.preflight(request)
    if (allowed !== null) withFlat(reply, allowed).code(204).send()
    else answer(request, reply, (error) => { withFlat(reply, cors.ofOwnAnswer(request)); failed(error) })
  }

  /** The one place where what was at hand and what had to be waited for come together, and where every error ends. */
  function answer (request: FastifyRequest, reply: FastifyReply, failed: Failed): void {
    const { target, hostName: host, method, headers: { cookie: cookieHeader, authorization } } = request
    try {
      const admission = admit({ host, method, target, cookieHeader, authorization, clientAddress: () => clientAddressOf(request.raw, trusted), onRoute: ({ api }) => { request.isForProgram = api } })
      if (admission instanceof Promise) admission.then((admitted) => enforce(request, reply, admitted, failed)).catch(failed)
      else enforce(request, reply, admission, failed)?.catch(failed)
    } catch (error) {
      failed(asError(error))
    }
  }

  /** Returns a promise only where it has to wait for something before the request is sent. */
  function enforce (request: FastifyRequest, reply: FastifyReply, admission: Admission, failed: Failed): Promise<void> | undefined {
    const route = nameOf(admission.route)
    request.trail.route = route
    request.trail.user = admission.user?.identity.id ?? null

    switch (admission.decision.outcome) {
      case 'sign-in':
        signIn.challenge(request, reply, admission.route.api)
        return undefined
      case 'top-up': case 'deny': throw refusal(request, admission, route)
      case 'allow': return pass(request, reply, admission, admission.decision.isBalanceLow, failed)
    }
  }

  function pass (request: FastifyRequest, reply: FastifyReply, admission: Admission, isBalanceLow: boolean, failed: Failed): Promise<void> | undefined {
    const { route, user } = admission
    if (route.upstream === null) throw new GatewayError('not_found', { cause: new Error('a route for forward-auth: it has no upstream') })
    const assertion = assertions === null || user === null ? null : assertions.of(user, audienceOf(route, request.hostName, publicUrl.hostname))
    const identity = user === null ? [] : identityOf(user, isBalanceLow)
    const go = (told: readonly string[]): void => { send(request, reply, admission, isBalanceLow, told, failed) }
    if (assertion instanceof Promise) return assertion.then((signed) => { go([...identity, assertionHeader, signed]) })
    go(assertion === null ? identity : [...identity, assertionHeader, assertion])
    return undefined
  }

  function send (request: FastifyRequest, reply: FastifyReply, { route, opened, isByToken }: Admission, isBalanceLow: boolean, told: readonly string[], failed: Failed): void {
    const newTicket = opened === null ? null : ticketRotation(reply, opened)
    const owner: Owner | null = opened === null ? null : { ticket: opened.ticket, asked: { host: request.hostName, method: request.method, target: request.target } }
    const answerHeaders = (headers: AppHeaders): string[] => {
      if (isBalanceLow) headers.list.push(lowBalanceHeader, 'true')
      const list = route.cors === null ? headers.list : withCors(route.cors, request.headers.origin, headers.list)
      if (newTicket !== null && !isShareable(headers)) list.push('set-cookie', newTicket)
      return list
    }
    const upgrade = upgradeOf(request.raw)
    if (upgrade !== undefined) checkUpgrade(request, route)
    const stopWatching = upgrade === undefined ? undefined : watchForLeaving(upgrade.socket)
    const call = request.trail.trace.call(`proxy ${nameOf(route)}`)
    const sentAt = performance.now()
    const answered = (): void => {
      request.trail.upstreamMs = performance.now() - sentAt
      call.end()
      reply.hijack()
    }
    const onAnswer: ForwardHooks['onAnswer'] = (headers) => {
      answered()
      if (isEventStream(headers)) {
        countWhileOpen(reply.raw, metrics.eventStreams)
        if (owner !== null) live.add(owner, reply.raw)
        if (isByToken) bearerClients.hold(request.headers.authorization, reply.raw, () => { reply.raw.destroy() })
      }
      return answerHeaders(headers)
    }
    const onFailed: ForwardHooks['onFailed'] = (error) => {
      call.end({ error: error.code })
      if (error.status >= 500) metrics.route(nameOf(route)).upstreamFailed(error.code)
      failed(error)
    }
    const hooks: ForwardHooks = upgrade === undefined
      ? { responseHeaders, onAnswer, onLeft: answered, onFailed }
      : {
          responseHeaders,
          onAnswer,
          onLeft: answered,
          onFailed,
          onUpgrade (headers, socket) {
            answered()
            stopWatching?.()
            reply.raw.statusCode = 101
            countWhileOpen(upgrade.socket, metrics.webSockets)
            const end = tunnel(upgrade, socket, answerHeaders(headers))
            live.add(owner, upgrade.socket, end)
            if (isByToken) bearerClients.hold(request.headers.authorization, upgrade.socket, () => end('session over'))
          }
        }
    forward(request.raw, reply.raw, outgoing(request, route, told, call, isByToken), hooks)
  }

  function outgoing (request: FastifyRequest, route: Route, identity: readonly string[], call: Trace, isAuthorizationOurs: boolean): Outgoing {
    const { raw } = request
    const upstream = upstreams.of(route)
    const told = forwarded(raw, request.id, call)
    request.trail.client = told.clientAddress
    const carriesBody = hasBody(raw.headers)
    const headers = requestHeaders(raw.rawHeaders, {
      host: route.preserveHost ? raw.headers.host ?? upstream.host : upstream.host,
      forwarded: told.headers,
      identity,
      hasBody: carriesBody,
      isAuthorizationOurs
    })
    return { upstream, path: upstream.basePath + pathFor(route, request.target.raw), headers, hasBody: carriesBody, bodyLimitBytes: bodyLimit(route, raw.headers) }
  }

  /** The smaller of the two; a body that says it is larger is not begun. */
  function bodyLimit ({ limits }: Route, headers: IncomingHttpHeaders): number | null {
    if (limits.bodyBytes === null) return config.server.limits.bodyBytes
    if (Number(headers['content-length'] ?? 0) > limits.bodyBytes) throw new GatewayError('body_too_large')
    return limits.bodyBytes
  }

  function checkUpgrade ({ raw, hostName }: FastifyRequest, route: Route): void {
    checkHandshake(raw)
    checkWebSocketOrigin(route, raw.headers.origin, publicUrl, hostName)
  }
}

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
