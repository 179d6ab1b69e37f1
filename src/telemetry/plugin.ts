import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from '../errors.ts'
import type { GatewayLog } from './log.ts'
import type { GatewayMetrics } from './metrics.ts'
import { inTrace, type BeginTrace, type Trace } from './trace.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the access line of this request will say. */
    trail: Trail
  }
}

export interface Trail {
  user: string | null
  /** The configured name of the route, never what a client sent. */
  route: string | null
  /** The address nearest to the browser that a trusted proxy vouches for; of forwarded requests. */
  client: string | null
  /** From sending the request to the app until its answer began. */
  upstreamMs: number | null
  /** The error code, where the gateway answered with an error. */
  code: ErrorCode | null
  readonly trace: Trace
}

interface FollowOptions {
  readonly log: FastifyBaseLogger
  readonly writeAccessLine: GatewayLog['writeAccessLine']
  readonly metrics: Pick<GatewayMetrics, 'route'>
  readonly beginTrace: BeginTrace
}

/** One line and one count a request, when its connection is done with it, whoever answered. */
export function followEachRequest (app: FastifyInstance, { log, writeAccessLine, metrics, beginTrace }: FollowOptions): void {
  app.decorateRequest('trail', null as never) // one shape for every request; the hook below sets it
  app.addHook('onRequest', function followRequest (request, reply, done) {
    request.trail = { user: null, route: null, client: null, upstreamMs: null, code: null, trace: beginTrace(request.raw, request.id) }
    request.log = reply.log = log // given to Fastify itself, it would cost each request a child and two listeners
    const startedAt = performance.now()
    reply.raw.on('close', () => { // once, as every stream
      const ms = performance.now() - startedAt
      count(request, reply, ms)
      writeAccessLine?.(accessLine(request, reply, ms))
      endTrace(request, reply)
    })
    inTrace(request.trail.trace, done) // the calls of what follows belong to it
  })

  function count (request: FastifyRequest, { raw: { statusCode } }: FastifyReply, ms: number): void {
    const { route, upstreamMs } = request.trail
    const counts = metrics.route(route ?? ownRoute(request))
    counts.answered(statusCode, ms)
    if (upstreamMs !== null) counts.upstreamAnswered(upstreamMs)
  }
}

function endTrace (request: FastifyRequest, { raw: { statusCode } }: FastifyReply): void {
  const { route, code, trace } = request.trail
  const name = route ?? ownRoute(request)
  trace.end({
    name: `${request.method} ${name}`,
    attributes: { 'http.route': name, 'http.response.status_code': statusCode },
    error: statusCode >= 500 ? code ?? String(statusCode) : undefined // the app's own failures are failures too
  })
}

function accessLine (request: FastifyRequest, { raw: response }: FastifyReply, ms: number) {
  const { method, url } = request.raw
  const { route, user, client, upstreamMs, code, trace } = request.trail
  const traceId = trace.traceparent.slice(3, 35)
  return {
    id: request.id,
    method,
    path: url?.split('?', 1)[0],
    status: response.statusCode,
    route,
    user,
    client,
    ms: rounded(ms),
    upstreamMs: upstreamMs === null ? null : rounded(upstreamMs),
    ...(code === null ? {} : { code }),
    ...(traceId === request.id ? {} : { trace: traceId }),
    ...(response.writableFinished ? {} : { isCut: true as const })
  }
}

/** The gateway's own addresses as they are registered; what met neither these nor a route is `none`. */
function ownRoute ({ routeOptions: { url } }: FastifyRequest): string {
  return url === undefined || url === '/' || url.endsWith('*') ? 'none' : url
}

function rounded (ms: number): number {
  return Math.round(ms * 10) / 10
}
