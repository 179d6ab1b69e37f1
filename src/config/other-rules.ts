import { emailsAreTrusted } from './email-rules.ts'
import { found, type Rule } from './rules.ts'
import type { Written } from './written.ts'

/** How keys of different sections must fit together. */
export const otherRules: readonly Rule[] = [
  { needs: ['aihubmix.redirectUri', 'server.publicUrl'], find: redirectComesBack },
  { needs: ['aihubmix.redirectUri'], find: redirectIsFree },
  { needs: ['server.listen', 'admin.listen'], find: listenersDiffer },
  { needs: ['server.workers', 'session.redis'], find: workersShareSessions },
  { needs: ['identity.maxAge', 'identity.maxStale'], find: staleIsOlder },
  { needs: ['identity.allow', 'identity.trustEmails'], find: ({ identity }) => emailsAreTrusted(identity.allow, identity.trustEmails, ['identity', 'allow']) },
  { needs: ['headers'], find: assertionHasItsOwnHeader },
  { needs: ['routes', 'aihubmix.scope'], find: balanceIsAskedFor },
  { needs: ['routes', 'server.trustedProxies'], find: somebodyForwards },
  { needs: ['routes', 'server.limits.bodyBytes'], find: routeLimitsCount },
  { needs: ['routes'], find: ({ routes }) => routes.length > 0 ? [] : found('routes', 'has no route: write one, or set GATEWAY_UPSTREAM=http://… for a single app') }
]

function redirectComesBack ({ aihubmix: { redirectUri }, server }: Written) {
  return redirectUri === null || new URL(redirectUri).origin === server.publicUrl
    ? []
    : found('aihubmix.redirectUri', `is not on server.publicUrl (${server.publicUrl}), so the browser would come back to somebody else`)
}

const ownEndpoints = ['sign_in', 'start', 'popup', 'handoff', 'sign_out', 'userinfo', 'topup', 'auth', 'jwks.json', 'sdk.js', 'elements.js', 'ping']

/** Two endpoints at one address: the gateway would not start. */
function redirectIsFree ({ aihubmix: { redirectUri } }: Written) {
  const path = redirectUri === null ? '' : new URL(redirectUri).pathname
  const isTaken = path.startsWith('/oauth2/auth/') || ownEndpoints.some((name) => path === `/oauth2/${name}`)
  return isTaken ? found('aihubmix.redirectUri', 'is the address of another endpoint of the gateway: register one of your own, such as /oauth2/callback') : []
}

function listenersDiffer ({ server, admin }: Written) {
  const everywhere = ['0.0.0.0', '::']
  const [one, two] = [server.listen, admin.listen].map(({ host }) => host === 'localhost' ? '127.0.0.1' : host) as [string, string]
  const sameHost = one === two || everywhere.includes(one) || everywhere.includes(two)
  return server.listen.port === admin.listen.port && server.listen.port !== 0 && sameHost ? found('admin.listen', 'is the port of server.listen: the admin listener must never be public') : []
}

/** Each process has a memory of its own: a user would be signed in at one and a stranger at the next. */
function workersShareSessions ({ server: { workers }, session: { redis } }: Written) {
  return workers !== 1 && redis === null ? found('server.workers', 'needs session.redis: sessions in memory belong to one process, and every other one would not know them') : []
}

function staleIsOlder ({ identity }: Written) {
  return identity.maxStale >= identity.maxAge ? [] : found('identity.maxStale', 'is shorter than identity.maxAge: nothing known would be old enough to be re-read')
}

/** AIHubMix tells the balance only to those who ask for it. */
function balanceIsAskedFor ({ routes, aihubmix: { scope } }: Written) {
  if (scope.split(' ').includes('balance')) return []
  return routes.flatMap((route, index) => (['minBalance', 'warnBalance'] as const).filter((key) => route[key] !== null)
    .map((key) => ({ path: ['routes', index, key], message: 'needs "balance" in aihubmix.scope: else no balance is ever known' })))
}

/** Without an upstream the gateway only answers /oauth2/auth, and only to proxies it trusts. */
function somebodyForwards ({ routes, server: { trustedProxies } }: Written) {
  if (trustedProxies.length > 0) return []
  return routes.flatMap(({ upstream, access }, index) => upstream !== null || access === 'nobody'
    ? []
    : [{ path: ['routes', index, 'upstream'], message: 'is missing: set it, or for forward-auth name the proxy in front in server.trustedProxies' }])
}

function routeLimitsCount ({ routes, server: { limits } }: Written) {
  const most = limits.bodyBytes
  if (most === null) return []
  return routes.flatMap((route, index) => route.limits.bodyBytes === null || route.limits.bodyBytes <= most
    ? []
    : [{ path: ['routes', index, 'limits', 'bodyBytes'], message: 'has no effect: server.limits.bodyBytes is less' }])
}

function assertionHasItsOwnHeader ({ headers: { set, assertion } }: Written) {
  const taken = Object.keys(set).some((name) => name.toLowerCase() === assertion?.header.toLowerCase())
  return taken ? found('headers.assertion.header', 'is used in headers.set too') : []
}
