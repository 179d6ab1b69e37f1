import type { Config, Route } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { UserSession } from '../session/user-session.ts'
import type { OpenSession } from '../session/user-sessions.ts'
import { decideForEach, type Decision } from './decide.ts'
import type { RequestTarget } from './request-target.ts'
import { createRoutes, type Routes } from './routes.ts'

/** A request as policy sees it. */
export interface AdmissionRequest {
  readonly host: string
  readonly method: string
  /** What the client says the method is besides. */
  readonly methodOverrides: readonly string[]
  readonly target: RequestTarget
  readonly cookieHeader: string | undefined
  /** Told the route once it is known: what fails from then on is answered as that route wants it. */
  readonly onRoute: (route: Route) => void
  readonly authorization: string | undefined
  readonly clientAddress: () => string
}

/** What was decided about a request, and on what. */
export interface Admission {
  readonly route: Route
  /** Who asks; null when that is not known. */
  readonly user: UserSession | null
  /** The session by which it is known; null too for a program that showed an access token. */
  readonly opened: OpenSession | null
  /** The access token in Authorization was believed: it is ours, and not the app's. */
  readonly isByToken: boolean
  readonly decision: Decision
}

interface AdmissionOptions {
  readonly config: Pick<Config, 'routes' | 'identity'>
  readonly currentSession: (cookieHeader: string | undefined, how?: { readonly mayWait: boolean }) => OpenSession | null | Promise<OpenSession | null>
  /** The session with a balance that was read just now, as far as AIHubMix answers. */
  readonly freshened: (opened: OpenSession) => Promise<OpenSession | null>
  /** The user of the access token in Authorization; null when it holds none, throws when it is not good. */
  readonly bearerUser: (request: Pick<AdmissionRequest, 'authorization' | 'clientAddress'>, how?: { readonly isFresh: boolean }) => Promise<UserSession | null>
  /** Counts a request on a route with a limit; throws when there were too many. */
  readonly takeRate: (route: Route, userId: string) => Promise<void>
}

/**
 * Route, session, decision: the same stops for every door. At once where nothing has to be waited for; what is thrown is then thrown
 * at once too.
 * @throws GatewayError not_found, unknown_host, malformed_request_target, too_many_requests, invalid_token, session_store_unavailable, renewal_unavailable
 */
export type Admit = (request: AdmissionRequest) => Admission | Promise<Admission>

export function createAdmit ({ config, currentSession, freshened, bearerUser, takeRate }: AdmissionOptions): Admit {
  const routes = createRoutes(config.routes)

  return (request) => {
    const { host, method, target, methodOverrides, cookieHeader, onRoute } = request
    // The gateway's own prefix is never proxied, in any spelling.
    if (target.isReserved) throw new GatewayError('not_found')
    const route = routes.match(host, method, target)
    if (route === null) throw new GatewayError(routes.knowsHost(host) ? 'not_found' : 'unknown_host')
    onRoute(route)
    const others = routes.looserReadings(route, host, method, target, methodOverrides)
    return route.bearer ? byToken(route, others, request) : bySession(route, others, cookieHeader)
  }

  /** A token alone decides, for and against: no cookie that a browser adds can change whose request it is. */
  async function byToken (route: Route, others: Others, request: AdmissionRequest): Promise<Admission> {
    const user = await bearerUser(request)
    if (user === null) return await bySession(route, others, request.cookieHeader)
    const first = decided(route, others, user)
    const admission = first.decision.outcome === 'top-up' ? decided(route, others, await bearerUser(request, { isFresh: true })) : first
    return await counted({ ...admission, isByToken: true }, others)
  }

  function bySession (route: Route, others: Others, cookieHeader: string | undefined): Admission | Promise<Admission> {
    const opened = sessionFor(route, cookieHeader)
    return opened instanceof Promise ? opened.then((found) => judged(route, others, found)) : judged(route, others, opened)
  }

  function judged (route: Route, others: Others, opened: OpenSession | null): Admission | Promise<Admission> {
    const admission = decided(route, others, opened?.session ?? null, opened)
    // Nobody is turned away over a balance that has changed since it was read: people paid twice elsewhere.
    if (admission.decision.outcome === 'top-up' && opened !== null) return freshened(opened).then((fresh) => counted(decided(route, others, fresh?.session ?? null, fresh), others))
    return counted(admission, others)
  }

  /** Only what would pass counts: a refusal costs the app nothing. It counts for what it could be taken for, too. */
  function counted (admission: Admission, others: Others): Admission | Promise<Admission> {
    const { route, decision } = admission
    if ((route.rateLimit === null && others.length === 0) || decision.outcome !== 'allow' || decision.identity === null) return admission
    const { id } = decision.identity
    const limited = [route, ...others].filter((each) => each !== null && each.rateLimit !== null)
    return limited.length === 0 ? admission : Promise.all(limited.map((each) => each === null ? undefined : takeRate(each, id))).then(() => admission)
  }

  function decided (route: Route, others: Others, user: UserSession | null, opened: OpenSession | null = null): Admission {
    return { route, user, opened, isByToken: false, decision: decideForEach(route, others, config.identity.allow, user?.identity ?? null) }
  }

  /** A public route is served, at once, while sessions cannot be read or renewed; it then does not know who asks. */
  function sessionFor (route: Route, cookieHeader: string | undefined): OpenSession | null | Promise<OpenSession | null> {
    if (route.access === 'signedIn') return currentSession(cookieHeader)
    if (route.access === 'nobody') return null
    const opened = currentSession(cookieHeader, { mayWait: false })
    return opened instanceof Promise ? opened.catch(nullWhileAway) : opened
  }
}

/** What an app could take the request for besides. */
type Others = ReturnType<Routes['looserReadings']>

function nullWhileAway (error: unknown): null {
  if (error instanceof GatewayError && error.status === 503) return null
  throw error
}
