import type { IncomingHttpHeaders } from 'node:http'
import type { Route } from '../config/schema.ts'
import type { RequestTarget } from './request-target.ts'
import { createRoutes } from './routes.ts'

type CorsRules = NonNullable<Route['cors']>

interface CorsRequest {
  readonly hostName: string
  readonly method: string
  readonly target: RequestTarget
  readonly headers: IncomingHttpHeaders
}

/** Cross-origin requests (Fetch §3.2) to routes whose `cors` names origins; on all others the app's own headers speak. */
export interface Cors {
  /**
   * The headers that answer a preflight, flat; null for what is none, or comes from an origin nobody named: that one goes the way of
   * every request. It is asked of the route that would serve the method it announces, and never carries a session.
   */
  preflight (request: CorsRequest): readonly string[] | null
  /** The headers that let a script read an answer which is not the app's, flat. */
  ofOwnAnswer (request: CorsRequest): readonly string[]
}

/** Null where no route has anything to say. */
export function createCors (routes: readonly Route[]): Cors | null {
  if (routes.every(({ cors }) => cors === null)) return null
  const { match } = createRoutes(routes)

  const rulesFor = (method: string, { hostName, target }: CorsRequest): CorsRules | null => {
    if (target.isReserved) return null
    try {
      return match(hostName, method, target)?.cors ?? null
    } catch {
      return null // two routes for one path: refused elsewhere
    }
  }

  return {
    preflight (request) {
      const { origin, 'access-control-request-method': method } = request.headers
      if (request.method !== 'OPTIONS' || origin === undefined || method === undefined || !/^[A-Z]+$/.test(method)) return null
      const rules = rulesFor(method, request)
      if (rules === null || !rules.origins.includes(origin)) return null
      return [
        ...allowance(rules, origin),
        'access-control-allow-methods', method,
        ...(rules.headers.length === 0 ? [] : ['access-control-allow-headers', rules.headers.join(', ')]),
        'access-control-max-age', String(Math.floor(rules.maxAge / 1000))
      ]
    },
    ofOwnAnswer (request) {
      const { origin } = request.headers
      const rules = origin === undefined ? null : rulesFor(request.method, request)
      return rules === null ? [] : readable(rules, origin)
    }
  }
}

/** The app's answer with our word on who may read it in the place of its own; `headers` is flat. */
export function withCors (rules: CorsRules, origin: string | undefined, headers: readonly string[]): string[] {
  const kept = headers.filter((_, index) => !headers[index - index % 2]?.toLowerCase().startsWith('access-control-'))
  return [...kept, ...readable(rules, origin)]
}

/** Never `*`, and never an origin that was not named letter by letter; a cache must not give one origin's answer to another. */
function readable (rules: CorsRules, origin: string | undefined): readonly string[] {
  if (origin === undefined || !rules.origins.includes(origin)) return ['vary', 'origin']
  return [...allowance(rules, origin), ...(rules.exposeHeaders.length === 0 ? [] : ['access-control-expose-headers', rules.exposeHeaders.join(', ')])]
}

function allowance ({ credentials }: CorsRules, origin: string): readonly string[] {
  return ['access-control-allow-origin', origin, ...(credentials ? ['access-control-allow-credentials', 'true'] : []), 'vary', 'origin']
}
