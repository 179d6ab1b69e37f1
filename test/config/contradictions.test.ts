import t from 'tap'
import { key, load, problemsOf, redis } from './configured.ts'

const upstream = 'http://a'

/** What contradicts itself, and the key the problem is reported at. */
const contradictions: ReadonlyArray<readonly [sentence: string, over: object, path: string]> = [
  ['Redis without keys that all replicas share', { session: { redis } }, 'session.keys'],
  ['several workers without Redis', { server: { workers: 2 } }, 'server.workers'],
  ['one worker a core without Redis', { server: { workers: 'auto' } }, 'server.workers'],
  ['an idle timeout above the maximum age', { session: { maxAge: '1h', idleTimeout: '2h' } }, 'session.idleTimeout'],
  ['a cookie domain that is not above the public host', { session: { cookieDomain: 'other.com' } }, 'session.cookieDomain'],
  ['a cookie domain that is a part of a label', { session: { cookieDomain: 'ample.com' } }, 'session.cookieDomain'],
  ['a cookie domain below the public host', { session: { cookieDomain: 'x.app.example.com' } }, 'session.cookieDomain'],
  ['a whole top-level domain as cookie domain', { session: { cookieDomain: 'com' } }, 'session.cookieDomain'],
  ['a part of an IP address as cookie domain', { server: { publicUrl: 'https://10.0.0.1' }, session: { cookieDomain: '0.0.1' } }, 'session.cookieDomain'],
  ['__Host- with a cookie domain', { session: { cookieName: '__Host-x', cookieDomain: 'example.com' } }, 'session.cookieName'],
  ['__Host- in another spelling with a cookie domain', { session: { cookieName: '__HOST-x', cookieDomain: 'example.com' } }, 'session.cookieName'],
  ['__Secure- over http', { server: { publicUrl: 'http://localhost:4180' }, session: { cookieName: '__Secure-x' } }, 'session.cookieName'],
  ['a Redis that is nowhere', { session: { keys: [key(1)], redis: { keyPrefix: 'a:' } } }, 'session.redis'],
  ['a Redis in two places', { session: { keys: [key(1)], redis: { ...redis, cluster: ['a:1'] } } }, 'session.redis'],
  ['TLS settings for a Redis that is not asked for TLS', { session: { keys: [key(1)], redis: { ...redis, tls: {} } } }, 'session.redis.tls'],
  ['a redirect URI on another host', { aihubmix: { redirectUri: 'https://evil.example/cb' } }, 'aihubmix.redirectUri'],
  ['a redirect URI on another port', { aihubmix: { redirectUri: 'https://app.example.com:8443/cb' } }, 'aihubmix.redirectUri'],
  ['a redirect URI at an endpoint of our own', { aihubmix: { redirectUri: 'https://app.example.com/oauth2/ping' } }, 'aihubmix.redirectUri'],
  ['a redirect URI below the address that proxies ask', { aihubmix: { redirectUri: 'https://app.example.com/oauth2/auth/back' } }, 'aihubmix.redirectUri'],
  ['a stale limit below the age limit', { identity: { maxAge: '2m', maxStale: '1m' } }, 'identity.maxStale'],
  ['e-mail rules without trusted e-mails', { identity: { allow: { emails: ['a@b.co'] } } }, 'identity.allow.emails'],
  ['e-mail domains without trusted e-mails', { identity: { allow: { emailDomains: ['b.co'] } } }, 'identity.allow.emailDomains'],
  ['e-mail rules of a route without trusted e-mails', { routes: [{ upstream, allow: { emails: ['a@b.co'] } }] }, 'routes[0].allow.emails'],
  ['the admin listener on the public port', { server: { listen: '0.0.0.0:4181' } }, 'admin.listen'],
  ['the admin listener on the public port, by name and by address', { server: { listen: 'localhost:4181' } }, 'admin.listen'],
  ['no route', { routes: [] }, 'routes'],
  ['two routes alike', { routes: [{ upstream }, { upstream }] }, 'routes[1].path'],
  ['two routes that share one method', { routes: [{ upstream, methods: ['GET', 'PUT'] }, { upstream, methods: ['put'] }] }, 'routes[1].path'],
  ['two routes that differ in spelling only', { routes: [{ upstream, host: 'A.example', path: '/x/' }, { upstream, host: 'a.example', path: '/x' }] }, 'routes[1].path'],
  ['a route below /oauth2', { routes: [{ upstream, path: '/OAuth2/x' }] }, 'routes[0].path'],
  ['an allow list where everyone gets through', { routes: [{ upstream, access: 'anyone', allow: { ids: ['1'] } }] }, 'routes[0].allow'],
  ['onUnknown without minBalance', { routes: [{ upstream, onUnknown: 'block' }] }, 'routes[0].onUnknown'],
  ['a minimum balance where everyone gets through', { routes: [{ upstream, access: 'anyone', minBalance: '1' }] }, 'routes[0].minBalance'],
  ['a warning below the minimum', { routes: [{ upstream, minBalance: '1.50', warnBalance: '1.5' }] }, 'routes[0].warnBalance'],
  ['a minimum balance that AIHubMix is never asked for', { aihubmix: { scope: 'profile' }, routes: [{ upstream, minBalance: '1' }] }, 'routes[0].minBalance'],
  ['a header of the app under the name of our warning', { headers: { set: { x_user_balance_low: 'balance' } } }, 'headers.set.x_user_balance_low'],
  ['a route without an upstream and without a proxy in front', { routes: [{ path: '/' }] }, 'routes[0].upstream'],
  ['a prefix to be cut where nothing is forwarded', { server: { trustedProxies: ['10.0.0.1'] }, routes: [{ path: '/a', stripPrefix: true }] }, 'routes[0].stripPrefix'],
  ['a body limit above the one of the server', { server: { limits: { bodyBytes: '1KiB' } }, routes: [{ upstream, limits: { bodyBytes: '1MiB' } }] }, 'routes[0].limits.bodyBytes'],
  ['a route at the path of the callback', { aihubmix: { redirectUri: 'https://app.example.com/cb' }, routes: [{ upstream, path: '/cb' }] }, 'routes[0].path'],
  ['a path with a parameter, which can be read in two ways', { routes: [{ upstream, path: '/a;b' }] }, 'routes[0].path'],
  ['a path with characters that browsers escape', { routes: [{ upstream, path: '/{id}' }] }, 'routes[0].path'],
  ['a method that is never served', { routes: [{ upstream, methods: ['GET', 'TRACE'] }] }, 'routes[0].methods'],
  ['a method that does not exist', { routes: [{ upstream, methods: ['GTE'] }] }, 'routes[0].methods'],
  ['an allow list apart from the one for all', { identity: { allow: { ids: ['1', '2'] } }, routes: [{ upstream, allow: { ids: ['3'] } }] }, 'routes[0].allow.ids'],
  ['a limit for users where nobody signs in', { routes: [{ upstream, access: 'anyone', rateLimit: { requests: 1, window: '1s' } }] }, 'routes[0].rateLimit'],
  ['cors where nobody gets through', { routes: [{ access: 'nobody', cors: { origins: ['https://a.example'] } }] }, 'routes[0].cors'],
  ['origins for WebSockets that are off', { routes: [{ upstream, websocket: { enabled: false, allowedOrigins: ['https://a.example'] } }] }, 'routes[0].websocket'],
  ['TLS settings for an upstream without TLS', { routes: [{ upstream, tls: { verify: false } }] }, 'routes[0].tls'],
  ['a client certificate without its key', { routes: [{ upstream: 'https://a', tls: { certFile: '/x' } }] }, 'routes[0].tls'],
  ['an assertion that is good for longer than five minutes', { headers: { assertion: { ttl: '6m' } } }, 'headers.assertion.ttl'],
  ['an assertion that is over when it arrives', { headers: { assertion: { ttl: '1s' } } }, 'headers.assertion.ttl'],
  ['one header under two spellings', { headers: { set: { 'X-User-Id': 'id', x_user_id: 'username' } } }, 'headers.set.x_user_id']
]

for (const [sentence, over, path] of contradictions) {
  t.test(`${sentence}: refused`, async (t) => t.match(await problemsOf(t, { over }), [{ path }]))
}

const accepted: ReadonlyArray<readonly [sentence: string, over: object]> = [
  ['the public host itself as cookie domain', { session: { cookieDomain: 'app.example.com' } }],
  ['a parent of the public host as cookie domain', { session: { cookieDomain: 'example.com', cookieName: '__Secure-x' } }],
  ['an exact path beside the same path as a prefix', { routes: [{ upstream, path: '/a' }, { upstream, path: '/a', exact: true }] }],
  ['an allow list that overlaps with the one for all', { identity: { allow: { ids: ['1', '2'] } }, routes: [{ upstream, allow: { ids: ['2', '3'] } }] }],
  ['allow lists of different kinds', { identity: { allow: { ids: ['1'] } }, routes: [{ upstream, allow: { usernames: ['ada'] } }] }],
  ['two routes with different methods', { routes: [{ upstream, methods: ['GET'] }, { upstream, methods: ['POST'] }] }],
  ['a route for one method beside the one for all', { routes: [{ upstream }, { upstream, methods: ['POST'] }] }],
  ['two routes on different hosts', { routes: [{ upstream, host: 'a.example' }, { upstream, host: 'b.example' }, { upstream }] }],
  ['a route that nobody gets through, without an upstream', { routes: [{ upstream }, { path: '/internal', access: 'nobody' }] }],
  ['a route without an upstream beside a trusted proxy, which asks /oauth2/auth', { server: { trustedProxies: ['10.0.0.1'] }, routes: [{ path: '/' }] }],
  ['a path that only begins like ours', { routes: [{ upstream, path: '/oauth2x' }] }],
  ['any free port for both listeners', { server: { listen: '127.0.0.1:0' }, admin: { listen: '127.0.0.1:0' } }],
  ['the same port on different addresses', { server: { listen: '10.0.0.1:4181' } }],
  ['e-mail rules with trusted e-mails', { identity: { trustEmails: true, allow: { emails: ['a@b.co'] } } }]
]

for (const [sentence, over] of accepted) {
  t.test(`${sentence}: accepted`, async (t) => { await t.resolves(load(t, { over })) })
}
