import type { Config, Route } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { Identity } from '../session/user-session.ts'
import { decideForEach, isAllowed } from './decide.ts'
import type { RequestTarget } from './request-target.ts'
import { createRoutes } from './routes.ts'

/** What was asked for, as far as rules look at it. */
export interface Asked {
  readonly host: string
  readonly method: string
  readonly target: RequestTarget
}

/**
 * Whether what is open may stay open for this user, by the rules of today: an allow list that was tightened, or a user who left it, ends
 * it, and so does a route that takes no tokens any more for what a token opened. A balance that ran low ends nothing, and neither does a
 * route that is gone: no rule speaks against the user. What would be asked in two ways today would be refused, and is ended.
 */
export type StillPasses = (asked: Asked, identity: Identity, by?: 'session' | 'token') => boolean

/** `onRefused` is told of what the rules of today read in two ways. */
export function createStillPasses ({ routes: configured, identity: { allow } }: Pick<Config, 'routes' | 'identity'>, onRefused: (asked: Asked) => void = () => {}): StillPasses {
  const routes = createRoutes(configured)
  return (asked, identity, by = 'session') => {
    const route = matchOf(() => routes.match(asked.host, asked.method, asked.target))
    if (route === 'refused') {
      onRefused(asked)
      return false
    }
    if (route === null) return isAllowed(allow, identity)
    if (by === 'token' && !route.bearer && route.access === 'signedIn') return false
    return decideForEach(route, routes.looserReadings(route, asked.host, asked.method, asked.target), allow, identity).outcome !== 'deny'
  }
}

/** Routes of today may read an address in two ways that was one yesterday: nothing else that is open may go unjudged for it. */
function matchOf (match: () => Route | null): Route | null | 'refused' {
  try {
    return match()
  } catch (error) {
    if (error instanceof GatewayError) return 'refused'
    throw error
  }
}
