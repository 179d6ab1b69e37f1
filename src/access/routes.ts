import type { Route } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { RequestTarget } from './request-target.ts'

export interface Routes {
  /**
   * The route of a request: the exact path, else the longest whole-segment prefix; then the host (exact, wildcard, any), then the method.
   * Null when none is configured for it.
   * @throws GatewayError malformed_request_target when two readings of the path lead to two routes
   */
  match (host: string, method: string, target: RequestTarget): Route | null
  /**
   * The routes an app could take the request for that reads it more loosely than `met`: one that does not tell /a from /A, or that
   * believes a client about another method. Null for a request that no route serves.
   */
  looserReadings (met: Route, host: string, method: string, target: RequestTarget, overrides?: readonly string[]): readonly (Route | null)[]
  /** Whether any route is served under this host. */
  knowsHost (host: string): boolean
}

/** Cost grows with the depth of the configured paths, not with the number of routes. */
export function createRoutes (routes: readonly Route[]): Routes {
  const sorted = routes.toSorted(moreSpecificFirst)
  const byPath = Map.groupBy(sorted, (route) => route.path)
  const byFoldedPath = Map.groupBy(sorted, (route) => route.path.toLowerCase())
  const hasCapitals = routes.some(({ path }) => path !== path.toLowerCase())
  const deepest = Math.max(0, ...routes.map((route) => route.path.split('/').length - 1))

  const find = (host: string, method: string, path: string): Route | null => {
    for (const prefix of prefixes(path, deepest)) {
      const route = byPath.get(prefix)?.find((candidate) => servesHost(candidate, host) && servesMethod(candidate, method) && servesPath(candidate, path))
      if (route !== undefined) return route
    }
    return null
  }

  /** Null where `met` is among the routes that the folded path could mean, or there is none. */
  const findFolded = (met: Route | null, host: string, method: string, path: string): Route | null => {
    for (const prefix of prefixes(path, deepest)) {
      const found = byFoldedPath.get(prefix)?.filter((candidate) => servesHost(candidate, host) && servesMethod(candidate, method) && servesPath(candidate, path, prefix)) ?? []
      if (found.length > 0) return met !== null && found.includes(met) ? null : found[0] ?? null
    }
    return null
  }

  return {
    match (host, method, { path, laxPath }) {
      const route = find(host, method, path)
      if (laxPath !== path && find(host, method, laxPath) !== route) {
        throw new GatewayError('malformed_request_target', { cause: new Error(`two routes for ${path.slice(0, 200)}`) })
      }
      return route
    },
    looserReadings (met, host, method, { path, laxPath }, overrides = none) {
      const folded = laxPath.toLowerCase()
      const isFolded = hasCapitals || folded !== laxPath
      if (!isFolded && overrides.length === 0) return none
      const readings = [{ method, route: met }, ...overrides.map((override) => ({ method: override, route: find(host, override, path) }))]
      return readings.flatMap(({ method, route }) => {
        const loose = isFolded ? findFolded(route, host, method, folded) : null
        return [...(route === met ? [] : [route]), ...(loose === null ? [] : [loose])]
      })
    },
    knowsHost: (host) => routes.some((route) => servesHost(route, host))
  }
}

/** The whole-segment prefixes of a path, longest first: /a/b/c → /a/b/c, /a/b, /a, / */
function * prefixes (path: string, deepest: number): Generator<string> {
  const ends: number[] = []
  for (let at = path.indexOf('/', 1); at !== -1 && ends.length < deepest; at = path.indexOf('/', at + 1)) ends.push(at)
  if (ends.length < deepest && !path.endsWith('/')) ends.push(path.length)
  for (let index = ends.length - 1; index >= 0; index--) yield path.slice(0, ends[index])
  yield '/'
}

function servesHost (route: Route, host: string): boolean {
  if (route.host === null || route.host === host) return true
  return route.host.startsWith('*.') && host.endsWith(route.host.slice(1)) && host.length > route.host.length - 1
}

/** Where a slash stands at the end too: many apps serve both alike, and a strict rule must hold for both. */
function servesPath ({ exact, path: own }: Route, path: string, prefix = own): boolean {
  return !exact || path === prefix || path === `${prefix}/`
}

const none: readonly never[] = []

/** HEAD is GET without the body (RFC 9110 §9.3.2): it is never laxer or stricter. */
function servesMethod (route: Route, method: string): boolean {
  return route.methods.length === 0 || route.methods.includes(method === 'HEAD' && !route.methods.includes('HEAD') ? 'GET' : method)
}

/** An exact path stands before a prefix of the same length. A rule for HEAD stands before the one for GET, which serves it too. */
function moreSpecificFirst (a: Route, b: Route): number {
  return Number(b.exact) - Number(a.exact) || hostRank(b) - hostRank(a) || Number(b.methods.includes('HEAD')) - Number(a.methods.includes('HEAD')) || Number(b.methods.length > 0) - Number(a.methods.length > 0)
}

function hostRank ({ host }: Route): number {
  if (host === null) return 0
  return host.startsWith('*.') ? host.length : 1_000 + host.length
}

/** The name of each route in log and metrics, made once: it is asked for with every request. */
export function routeNames (routes: readonly Route[]): (route: Route) => string {
  const names = new Map(routes.map((route) => [route, `${route.host ?? ''}${route.path}`]))
  return (route) => names.get(route) ?? route.path
}
