import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

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

const noTrail: Trail = { user: null, route: null, client: null, upstreamMs: null }

/** One line a request, written when its connection is done with it, whoever answered; the query is left out: it may hold a code. */
export function logEachRequest (app: FastifyInstance, log: FastifyBaseLogger): void {
  app.decorateRequest('trail', null as never) // one shape for every request; the hook below sets it
  app.addHook('onRequest', function followRequest (request, reply, done) {
    const startedAt = performance.now()
    const trail: Trail = { ...noTrail }
    request.trail = trail
    const { raw: response } = reply
    response.once('close', () => {
      const { method, url = '' } = request.raw
      log.info({
        id: request.id,
        method,
        path: url.split('?', 1)[0],
        status: response.statusCode,
        route: trail.route,
        user: trail.user,
        client: trail.client,
        ms: rounded(performance.now() - startedAt),
        upstreamMs: trail.upstreamMs === null ? null : rounded(trail.upstreamMs),
        ...(response.writableFinished ? {} : { isCut: true })
      }, 'request')
    })
    done()
  })
}

function rounded (ms: number): number {
  return Math.round(ms * 10) / 10
}
