import { isDeepStrictEqual } from 'node:util'
import { isLess } from './decimal.ts'
import { emailsAreTrusted } from './email-rules.ts'
import { unreachable } from './reach-rules.ts'
import type { Finding } from './rules.ts'
import type { Written } from './written.ts'

type Route = Written['routes'][number]

/** A route that is valid by itself, and where it stands in the list. */
export interface NumberedRoute { readonly route: Route, readonly index: number }

/** What is wrong with one route, `earlier` being the valid routes above it. */
export function findInRoute ({ route, index }: NumberedRoute, earlier: readonly NumberedRoute[], trustEmails: boolean): readonly Finding[] {
  const findings = [...unreachable(route), ...withoutEffect(route), ...twice(route, earlier)]
  return [
    ...findings.map(({ key, message }) => ({ path: ['routes', index, key], message })),
    ...emailsAreTrusted(route.allow, trustEmails, ['routes', index, 'allow'])
  ]
}

interface RouteFinding { readonly key: string, readonly message: string }

/** A rule that would silently not be applied is a hole: whoever wrote it believes in it. */
function withoutEffect (route: Route): readonly RouteFinding[] {
  const findings: RouteFinding[] = []
  if (route.access !== 'signedIn' && Object.values(route.allow).some((list) => list.length > 0)) findings.push({ key: 'allow', message: `has no effect with access: ${route.access}; use access: signedIn` })
  for (const key of ['minBalance', 'warnBalance'] as const) {
    if (route.access !== 'signedIn' && route[key] !== null) findings.push({ key, message: `has no effect with access: ${route.access}; use access: signedIn` })
  }
  if (route.minBalance !== null && route.warnBalance !== null && !isLess(route.minBalance, route.warnBalance)) findings.push({ key: 'warnBalance', message: 'has no effect: it must be more than minBalance' })
  if (route.onUnknown === 'block' && route.minBalance === null) findings.push({ key: 'onUnknown', message: 'has no effect without minBalance' })
  if (route.access !== 'signedIn' && route.rateLimit !== null) findings.push({ key: 'rateLimit', message: `has no effect with access: ${route.access}: it counts the requests of a user` })
  if (route.access !== 'signedIn' && route.bearer) findings.push({ key: 'bearer', message: `has no effect with access: ${route.access}; use access: signedIn` })
  if (route.access === 'nobody' && route.cors !== null) findings.push({ key: 'cors', message: 'has no effect with access: nobody' })
  if (route.upstream === null && route.cors !== null) findings.push({ key: 'cors', message: 'has no effect without an upstream: with forward-auth the proxy in front answers' })
  if (route.upstream === null && route.limits.bodyBytes !== null) findings.push({ key: 'limits', message: 'has no effect without an upstream: with forward-auth the body goes past us' })
  if (!route.websocket.enabled && route.websocket.allowedOrigins.length > 0) findings.push({ key: 'websocket', message: 'names origins, but has enabled: false' })
  if (route.upstream === null && route.stripPrefix) findings.push({ key: 'stripPrefix', message: 'has no effect without an upstream: with forward-auth the proxy in front forwards' })
  if (!isDeepStrictEqual(route.tls, { verify: true }) && !isHttps(route)) findings.push({ key: 'tls', message: 'has no effect: the upstream is not https' })
  return findings
}

function isHttps ({ upstream }: Route): boolean {
  return upstream?.kind === 'http' && upstream.origin.startsWith('https:')
}

/** A route for some methods may stand beside one for all methods: the method decides last. */
function twice (route: Route, earlier: readonly NumberedRoute[]): readonly RouteFinding[] {
  const other = earlier.find((other) => other.route.host === route.host && other.route.path === route.path && other.route.exact === route.exact && overlap(other.route.methods, route.methods))
  return other === undefined ? [] : [{ key: 'path', message: `contradicts routes[${other.index}]: same host, path and method` }]
}

function overlap (a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 ? b.length === 0 : a.some((method) => b.includes(method))
}
