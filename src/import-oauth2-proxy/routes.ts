import type { Reading } from './reading.ts'

interface Target { readonly path: string, readonly upstream: string | null }
type Route = Readonly<Record<string, unknown>>

/** The routes that serve what the upstreams served, and the rules that let somebody in without a session. Where a proxy is trusted they may do without an upstream. */
export function convertRoutes (reading: Reading, mayForwardAuth: boolean): readonly Route[] {
  const targets = targetsOf(reading, mayForwardAuth)
  const options = optionsOf(reading)
  const isApi = reading.isOn('force_json_errors')
  const insecure = reading.isOn('ssl_upstream_insecure_skip_verify')
  if (insecure) reading.note('ssl_upstream_insecure_skip_verify', 'carried over: any certificate of an upstream is accepted; routes[].tls.ca would be safer')
  const routeFor = ({ path, upstream }: Target): Route => ({
    path,
    ...(upstream === null ? {} : { upstream, ...options }),
    ...(isApi ? { api: true } : {}),
    ...(insecure && upstream?.startsWith('https:') === true ? { tls: { verify: false } } : {})
  })
  const routes: Route[] = targets.map(routeFor)
  for (const rule of rulesOf(reading)) {
    const nearest = targets.toSorted((a, b) => b.path.length - a.path.length).find(({ path }) => path === '/' || rule.path === path || rule.path.startsWith(`${path}/`))
    if (nearest === undefined) continue
    const made = { ...routeFor({ ...nearest, path: rule.path }), ...rule }
    const same = routes.findIndex((route) => route['path'] === rule.path && JSON.stringify(route['methods']) === JSON.stringify(rule['methods']))
    if (same === -1) routes.push(made)
    else routes[same] = { ...routes[same], ...rule }
  }
  return reading.isOn('skip_auth_preflight') ? [...routes, ...preflightsOf(routes)] : routes
}

/** Every OPTIONS is let through, not preflights alone, and goes to the app: so it was there. */
function preflightsOf (routes: readonly Route[]): readonly Route[] {
  const isOpen = (path: unknown): boolean => routes.some((route) => route['path'] === path && (route['access'] === 'anyone' && route['methods'] === undefined))
  const hasOptions = (path: unknown): boolean => routes.some((route) => route['path'] === path && Array.isArray(route['methods']) && route['methods'].includes('OPTIONS'))
  return routes.filter(({ path, methods }) => methods === undefined && !isOpen(path) && !hasOptions(path)).map((route) => ({ ...route, methods: ['OPTIONS'], access: 'anyone' }))
}

function targetsOf ({ all, note }: Reading, mayForwardAuth: boolean): readonly Target[] {
  const targets = new Map<string, Target>()
  for (const text of all('upstreams')) {
    const unix = /^unix:\/\/(\/[^:]+)$/.exec(text)?.[1]
    const url = URL.parse(text)
    if (unix !== undefined) targets.set('/', { path: '/', upstream: `unix:${unix}` })
    else if (url !== null && /^https?:$/.test(url.protocol)) {
      const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : '/'
      if (targets.has(path)) note('upstreams', `${path} is there twice: the last one is kept`)
      if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') note('upstreams', `user name, password, query and fragment of ${url.host} are left out: an app is told who asks by headers`)
      targets.set(path, { path, upstream: url.origin })
    } else if (text.startsWith('static://') && mayForwardAuth) targets.set('/', { path: '/', upstream: null })
    else note('upstreams', `${text.split(':', 1)[0]}:// has no counterpart: only http, https and unix; for forward-auth leave the upstream out and set server.trustedProxies`)
  }
  if (targets.size > 0) return [...targets.values()]
  if (mayForwardAuth) return [{ path: '/', upstream: null }]
  note('upstreams', 'none that could be carried over: set the upstream of the route /')
  return [{ path: '/', upstream: 'http://127.0.0.1:3000' }]
}

function optionsOf ({ one, isOn, note }: Reading): Route {
  const seconds = /^(\d+)(ms|s|m|h)$/.exec(one('upstream_timeout') ?? '')
  if (one('upstream_timeout') !== undefined && seconds === null) note('upstream_timeout', 'is no duration that could be read: routes[].timeouts.headers is 60s')
  return {
    ...(isOn('pass_host_header', true) ? {} : { preserveHost: false }),
    ...(isOn('proxy_websockets', true) ? {} : { websocket: { enabled: false } }),
    ...(seconds === null ? {} : { timeouts: { headers: seconds[0] } })
  }
}

type Rule = Route & { readonly path: string }

function rulesOf ({ all, note }: Reading): readonly Rule[] {
  const from = (setting: string, rule: Route, withMethod = /^/): readonly Rule[] => all(setting).flatMap((text) => {
    const { method, negation, pattern = '' } = withMethod.exec(text)?.groups ?? { pattern: text }
    const path = prefixOf(pattern)
    if (path !== null && negation !== '!') return [{ path, ...(method === undefined ? {} : { methods: [method.toUpperCase()] }), ...rule }]
    note(setting, `${JSON.stringify(text)} cannot be said as a path prefix in whole segments: write a route for it by hand`)
    return []
  })
  return [...from('skip_auth_routes', { access: 'anyone' }, /^(?:(?<method>[A-Za-z]+)?(?<negation>!?)=)?(?<pattern>.*)$/s), ...from('skip_auth_regex', { access: 'anyone' }), ...from('api_routes', { api: true })]
}

/**
 * A regular expression that is a prefix and nothing else (`^/public`, `^/public/`, `^/public/.*`, `^/public/.*$`). One that ends exactly
 * (`^/health$`) is not: as a prefix it would open what lies below.
 */
function prefixOf (pattern: string): string | null {
  const path = /^\^?(\/[A-Za-z0-9_~/-]*)(?:\.\*\$?)?$/.exec(pattern)?.[1]?.replace(/\/$/, '')
  return path === undefined || path === '' || path.includes('//') || /^\/oauth2(\/|$)/i.test(path) || !pattern.startsWith('^') ? null : path
}
