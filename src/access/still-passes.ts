import type { Config } from '../config/schema.ts'
import type { Identity } from '../session/user-session.ts'
import { decide, isAllowed } from './decide.ts'
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
 * it. A balance that ran low ends nothing, and neither does a route that is gone: no rule speaks against the user.
 */
export type StillPasses = (asked: Asked, identity: Identity) => boolean

export function createStillPasses ({ routes: configured, identity: { allow } }: Pick<Config, 'routes' | 'identity'>): StillPasses {
  const routes = createRoutes(configured)
  return ({ host, method, target }, identity) => {
    const route = routes.match(host, method, target)
    return route === null ? isAllowed(allow, identity) : decide(route, allow, identity).outcome !== 'deny'
  }
}
