import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorCode } from '../errors.ts'
import type { AccessLine, GatewayLog } from './log.ts'
import type { GatewayMetrics } from './metrics.ts'
import type { BeginTrace, Trace } from './trace.ts'

/** What is noted of a request on its way, for its access line, its counts and its span. */
export interface Trail {
  user: string | null
  /** The configured name of the route, never what a client sent. */
  route: string | null
  /** The gateway's own address as it is registered; `none` where a request met neither that nor a route. */
  ownRoute: string
  /** The address nearest to the browser that a trusted proxy vouches for; of forwarded requests. */
  client: string | null
  /** From sending the request to the app until its answer began. */
  upstreamMs: number | null
  /** The error code, where the gateway answered with an error. */
  code: ErrorCode | null
  readonly trace: Trace
}

/** Begins the trail of a request. */
export type Follow = (request: IncomingMessage, response: ServerResponse, id: string) => Trail

interface FollowOptions {
  readonly writeAccessLine: GatewayLog['writeAccessLine']
  readonly metrics: Pick<GatewayMetrics, 'route'>
  readonly beginTrace: BeginTrace
}

/** One line and one count a request, when its connection is done with it, whoever answered. */
export function createFollow ({ writeAccessLine, metrics, beginTrace }: FollowOptions): Follow {
  return (request, response, id) => {
    const trail: Trail = { user: null, route: null, ownRoute: 'none', client: null, upstreamMs: null, code: null, trace: beginTrace(request, id) }
    const startedAt = performance.now()
    response.on('close', () => { // once, as of every stream
      const ms = performance.now() - startedAt
      count(trail, response.statusCode, ms)
      writeAccessLine?.(accessLine(id, request, response, trail, ms))
      endTrace(trail, request, response)
    })
    return trail
  }

  function count ({ route, ownRoute, upstreamMs }: Trail, status: number, ms: number): void {
    const counts = metrics.route(route ?? ownRoute)
    counts.answered(status, ms)
    if (upstreamMs !== null) counts.upstreamAnswered(upstreamMs)
  }
}

function endTrace ({ route, ownRoute, code, trace }: Trail, { method }: IncomingMessage, { statusCode }: ServerResponse): void {
  const name = route ?? ownRoute
  trace.end({
    name: `${method} ${name}`,
    attributes: { 'http.route': name, 'http.response.status_code': statusCode },
    error: statusCode >= 500 ? code ?? String(statusCode) : undefined // the app's own failures are failures too
  })
}

function accessLine (id: string, { method, url }: IncomingMessage, response: ServerResponse, { route, user, client, upstreamMs, code, trace }: Trail, ms: number): AccessLine {
  const traceId = trace.traceparent.slice(3, 35)
  return {
    id,
    method,
    path: url?.split('?', 1)[0],
    status: response.statusCode,
    route,
    user,
    client,
    ms: rounded(ms),
    upstreamMs: upstreamMs === null ? null : rounded(upstreamMs),
    code: code ?? undefined,
    trace: traceId === id ? undefined : traceId,
    isCut: response.writableFinished ? undefined : true
  }
}

function rounded (ms: number): number {
  return Math.round(ms * 10) / 10
}
