import type { Config, Route } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { OpenSession } from '../session/user-sessions.ts'
import { decide, type Decision } from './decide.ts'
import type { RequestTarget } from './request-target.ts'
import { createRoutes } from './routes.ts'

/** A request as policy sees it. */
export interface AdmissionRequest {
  readonly host: string
  readonly method: string
  readonly target: RequestTarget
  readonly cookieHeader: string | undefined
}

/** What was decided about a request, and on what. */
export interface Admission {
  readonly route: Route
  readonly opened: OpenSession | null
  readonly decision: Decision
}

interface AdmissionOptions {
  readonly config: Pick<Config, 'routes' | 'identity'>
  readonly currentSession: (cookieHeader: string | undefined, how?: { readonly mayWait: boolean }) => Promise<OpenSession | null>
  /** The session with a balance that was read just now, as far as AIHubMix answers. */
  readonly freshened: (opened: OpenSession) => Promise<OpenSession | null>
  /** Counts a request on a route with a limit; throws when there were too many. */
  readonly takeRate: (route: Route, userId: string) => Promise<void>
}

/**
 * Route, session, decision: the same stops for every door.
 * @throws GatewayError not_found, unknown_host, malformed_request_target, too_many_requests, session_store_unavailable, renewal_unavailable
 */
export type Admit = (request: AdmissionRequest) => Promise<Admission>

export function createAdmit ({ config, currentSession, freshened, takeRate }: AdmissionOptions): Admit {
  const routes = createRoutes(config.routes)

  return async ({ host, method, target, cookieHeader }) => {
    // The gateway's own prefix is never proxied, in any spelling.
    if (target.isReserved) throw new GatewayError('not_found')
    const route = routes.match(host, method, target)
    if (route === null) throw new GatewayError(routes.knowsHost(host) ? 'not_found' : 'unknown_host')
    const opened = await sessionFor(route, cookieHeader)
    const first = decided(route, opened)
    // Nobody is turned away over a balance that has changed since it was read: people paid twice elsewhere.
    const admission = first.decision.outcome === 'top-up' && opened !== null ? decided(route, await freshened(opened)) : first
    if (route.rateLimit !== null) await counted(admission)
    return admission
  }

  /** Only what would pass counts: a refusal costs the app nothing. */
  async function counted ({ route, decision }: Admission): Promise<void> {
    if (decision.outcome === 'allow' && decision.identity !== null) await takeRate(route, decision.identity.id)
  }

  function decided (route: Route, opened: OpenSession | null): Admission {
    return { route, opened, decision: decide(route, config.identity.allow, opened?.session.identity ?? null) }
  }

  /** A public route is served, at once, while sessions cannot be read or renewed; it then does not know who asks. */
  async function sessionFor (route: Route, cookieHeader: string | undefined): Promise<OpenSession | null> {
    if (route.access === 'signedIn') return await currentSession(cookieHeader)
    if (route.access === 'nobody') return null
    return await currentSession(cookieHeader, { mayWait: false }).catch((error: unknown) => {
      if (error instanceof GatewayError && error.status === 503) return null
      throw error
    })
  }
}
