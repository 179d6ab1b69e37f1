import type { FastifyInstance } from 'fastify'
import type { GatewayLog } from './log.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the access line of this request will say. */
    trail: Trail
  }
}

export interface Trail {
  user: string | null
  route: string | null
  /** The address nearest to the browser that a trusted proxy vouches for; of forwarded requests. */
  client: string | null
  /** From sending the request to the app until its answer began. */
  upstreamMs: number | null
}

/** One line a request, written when its connection is done with it, whoever answered. */
export function logEachRequest (app: FastifyInstance, writeAccessLine: GatewayLog['writeAccessLine']): void {
  app.decorateRequest('trail', null as never) // one shape for every request; the hook below sets it
  app.addHook('onRequest', function followRequest (request, reply, done) {
    const trail: Trail = { user: null, route: null, client: null, upstreamMs: null }
    request.trail = trail
    if (writeAccessLine !== null) {
      const startedAt = performance.now()
      const { raw: response } = reply
      response.once('close', () => {
        const { method, url } = request.raw
        writeAccessLine({
          id: request.id,
          method,
          path: url?.split('?', 1)[0],
          status: response.statusCode,
          route: trail.route,
          user: trail.user,
          client: trail.client,
          ms: rounded(performance.now() - startedAt),
          upstreamMs: trail.upstreamMs === null ? null : rounded(trail.upstreamMs),
          ...(response.writableFinished ? {} : { isCut: true })
        })
      })
    }
    done()
  })
}

function rounded (ms: number): number {
  return Math.round(ms * 10) / 10
}
