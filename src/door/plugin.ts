import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import type { RequestTarget } from '../access/request-target.ts'
import { inTrace } from '../telemetry/trace.ts'
import type { Trail } from '../telemetry/trail.ts'
import type { Met } from './door.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The one reading of the request target; where it could not be read, there is none. */
    target: RequestTarget
    /** The host asked for, without port, lower-case. */
    hostName: string
    /** What the access line of this request will say. */
    trail: Trail
  }
}

interface ReceiveOptions {
  readonly met: (request: IncomingMessage) => Met
  readonly log: FastifyBaseLogger
}

/** Gives each request that comes from the door what is known of it, and an error that was found there to those who answer errors. */
export function receiveFromDoor (app: FastifyInstance, options: ReceiveOptions): void {
  app.decorateRequest('target', null as never) // one shape for every request; the hook below sets it
  app.decorateRequest('hostName', '')
  app.decorateRequest('trail', null as never)
  app.addHook('onRequest', function receive (request, reply, done) {
    const { exchange, answer } = introduce(request, reply, options)
    exchange.trail.ownRoute = ownRoute(request)
    if (answer instanceof Error) throw answer
    inTrace(exchange.trail.trace, done)
  })
}

/** For the hook above; and for what Fastify refuses before any hook. */
export function introduce (request: FastifyRequest, reply: FastifyReply, { met, log }: ReceiveOptions): Met {
  const known = met(request.raw)
  const { target, hostName, isForProgram, takesTokens, trail } = known.exchange
  Object.assign(request, { target, hostName, isForProgram, takesTokens, trail })
  request.log = reply.log = log // given to Fastify itself, it would cost each request a child and two listeners
  return known
}

/** The gateway's own addresses as they are registered; what met neither these nor a route is `none`. */
function ownRoute ({ routeOptions: { url } }: FastifyRequest): string {
  return url === undefined || url === '/' || url.endsWith('*') ? 'none' : url
}
