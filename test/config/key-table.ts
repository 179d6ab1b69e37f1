import { createAuthority } from '../rig/certificates.ts'
import { fileURLToPath } from 'node:url'
import { key, redis } from './configured.ts'

/** What setting one key does. */
export interface KeyRow {
  readonly key: string
  readonly set: unknown
  /** What the loaded configuration then holds. */
  readonly gives: unknown
  /** A value of a wrong type or form. */
  readonly wrong: unknown
  /** What else must be set. */
  readonly with?: object
}

const shared = { session: { keys: [key(1)], redis } }
const crossing = { routes: [{ upstream: 'http://a', cors: { origins: ['https://front.example'] } }] }
const sentinels = (given: object): object => ({ session: { keys: [key(1)], redis: { sentinels: given } } })
const limited = { routes: [{ upstream: 'http://a', rateLimit: { requests: 1, window: '1s' } }] }
const trusting = { identity: { trustEmails: true } }

const duration = (path: string, others: object = {}): KeyRow => ({ key: path, set: '90s', gives: 90_000, wrong: 90, with: others })
const size = (path: string): KeyRow => ({ key: path, set: '2MiB', gives: 2_097_152, wrong: 2048 })
const flag = (path: string, set: boolean, others: object = {}): KeyRow => ({ key: path, set, gives: set, wrong: 'yes', with: others })
const text = (path: string, set: string, others: object = {}): KeyRow => ({ key: path, set, gives: set, wrong: 7, with: others })
const allow = (path: string): readonly KeyRow[] => [
  { key: `${path}.ids`, set: [42, '43'], gives: ['42', '43'], wrong: 42 },
  { key: `${path}.usernames`, set: ['ada'], gives: ['ada'], wrong: 'ada' },
  { key: `${path}.emails`, set: ['Ada@Example.com'], gives: ['ada@example.com'], wrong: ['ada'], with: trusting },
  { key: `${path}.emailDomains`, set: ['Example.com'], gives: ['example.com'], wrong: ['@example.com'], with: trusting }
]
const authority = createAuthority()
const { certFile, keyFile } = authority.issue('DNS:app.example.com')
const logo = fileURLToPath(new URL('../pages/dress/logo.svg', import.meta.url))
const template = fileURLToPath(new URL('../pages/dress/template.html', import.meta.url))

/** One row for every key of the configuration. `routes[0]` is a route with an http upstream unless the row says otherwise. */
export const keyTable: readonly KeyRow[] = [
  { key: 'server.listen', set: '[::1]:8080', gives: { host: '::1', port: 8080 }, wrong: 8080 },
  { key: 'server.publicUrl', set: 'https://APP.example.com:443/', gives: 'https://app.example.com', wrong: 'http://app.example.com' },
  { key: 'server.trustedProxies', set: ['10.0.0.0/8', 'fd00::1'], gives: ['10.0.0.0/8', 'fd00::1'], wrong: 1 },
  { key: 'server.tls.certFile', set: certFile, gives: certFile, wrong: 7, with: { server: { tls: { keyFile } } } },
  { key: 'server.tls.keyFile', set: keyFile, gives: keyFile, wrong: 7, with: { server: { tls: { certFile } } } },
  { key: 'server.workers', set: 'auto', gives: 'auto', wrong: 0, with: shared },
  size('server.limits.headerBytes'),
  size('server.limits.urlBytes'),
  size('server.limits.bodyBytes'),
  duration('server.limits.headersTimeout'),
  duration('server.limits.requestTimeout'),
  duration('server.limits.idleTimeout'),
  duration('server.drain.delay'),
  duration('server.drain.timeout'),
  { key: 'admin.listen', set: '0.0.0.0:9', gives: { host: '0.0.0.0', port: 9 }, wrong: 'localhost' },
  text('admin.token', 'a-token-of-operators'),
  text('aihubmix.clientId', 'client_2'),
  text('aihubmix.clientSecret', 'another secret'),
  { key: 'aihubmix.browserUrl', set: 'https://a.example/', gives: 'https://a.example', wrong: 'https://a.example/path' },
  { key: 'aihubmix.serverUrl', set: 'http://127.0.0.1:9', gives: 'http://127.0.0.1:9', wrong: 'http://10.0.0.1' },
  { key: 'aihubmix.serverFallbackUrls', set: ['https://b.example/'], gives: ['https://b.example'], wrong: ['http://b.example'] },
  { key: 'aihubmix.appUrl', set: 'https://a.example', gives: 'https://a.example', wrong: 'a.example' },
  { key: 'aihubmix.redirectUri', set: 'https://app.example.com/cb', gives: 'https://app.example.com/cb', wrong: 'https://app.example.com/cb#x' },
  text('aihubmix.scope', 'profile'),
  flag('aihubmix.autoAuthorize', false),
  text('aihubmix.pkce', 'S256'),
  text('aihubmix.bearerAudience', 'unchecked'),
  duration('aihubmix.timeout'),
  { key: 'aihubmix.budget.requests', set: 20, gives: 20, wrong: 1 },
  duration('aihubmix.budget.window'),
  { key: 'aihubmix.topupHosts', set: ['Pay.example'], gives: ['pay.example'], wrong: ['https://pay.example'] },
  text('aihubmix.authorizationsUrl', 'https://aihubmix.com/apps'),
  { key: 'session.keys', set: [key(1), key(2)], gives: [Buffer.alloc(32, 1), Buffer.alloc(32, 2)], wrong: ['c2hvcnQ='] },
  { key: 'session.redis.url', set: 'rediss://u:p@redis:6380/1', gives: 'rediss://u:p@redis:6380/1', wrong: 'https://redis', with: shared },
  text('session.redis.sentinels.masterName', 'main', sentinels({ nodes: ['a:1'] })),
  { key: 'session.redis.sentinels.nodes', set: ['b:2', '[::1]:3'], gives: [{ host: 'b', port: 2 }, { host: '::1', port: 3 }], wrong: 'b:2', with: sentinels({ masterName: 'main' }) },
  text('session.redis.sentinels.username', 'watcher', sentinels({ masterName: 'main', nodes: ['a:1'] })),
  text('session.redis.sentinels.password', 'a-sentinel-password', sentinels({ masterName: 'main', nodes: ['a:1'] })),
  { key: 'session.redis.cluster', set: ['a:1'], gives: [{ host: 'a', port: 1 }], wrong: 'a:1', with: { session: { keys: [key(1)] } } },
  ...clientTls('session.redis.tls', (tls) => ({ session: { keys: [key(1)], redis: { url: 'rediss://redis', tls } } })),
  text('session.redis.username', 'gateway', shared),
  text('session.redis.password', 'a-redis-password', shared),
  text('session.redis.keyPrefix', 'gw:', shared),
  duration('session.redis.commandTimeout', shared),
  text('session.cookieName', 'sid'),
  { key: 'session.cookieDomain', set: 'Example.com', gives: 'example.com', wrong: '.example.com' },
  duration('session.maxAge', { session: { idleTimeout: '60s' } }),
  duration('session.idleTimeout'),
  text('identity.subject', 'username'),
  duration('identity.maxAge'),
  duration('identity.maxStale'),
  flag('identity.trustEmails', true),
  ...allow('identity.allow'),
  { key: 'headers.set', set: { 'X-Who': 'username', 'X-Since': 'balanceAt' }, gives: { 'X-Who': 'username', 'X-Since': 'balanceAt' }, wrong: ['X-Who'] },
  { key: 'headers.assertion.header', set: 'X-Signed', gives: 'X-Signed', wrong: 7 },
  { key: 'headers.assertion.ttl', set: '30s', gives: 30_000, wrong: 30 },
  { key: 'routes[0].host', set: '*.Example.com', gives: '*.example.com', wrong: 'a*.example.com' },
  { key: 'routes[0].path', set: '/api/', gives: '/api', wrong: 'api' },
  { key: 'routes[0].methods', set: ['get', 'POST'], gives: ['GET', 'POST'], wrong: 'GET' },
  { key: 'routes[0].upstream', set: 'https://App:8443/base/', gives: { kind: 'http', origin: 'https://app:8443', basePath: '/base' }, wrong: 'ftp://app' },
  flag('routes[0].stripPrefix', true),
  text('routes[0].access', 'anyone'),
  ...allow('routes[0].allow'),
  { key: 'routes[0].minBalance', set: '0.01', gives: { text: '0.01', units: 1n, places: 2 }, wrong: 0.01 },
  { key: 'routes[0].warnBalance', set: '5', gives: { text: '5', units: 5n, places: 0 }, wrong: 5 },
  { key: 'routes[0].onUnknown', set: 'block', gives: 'block', wrong: true, with: { routes: [{ upstream: 'http://a', minBalance: '1' }] } },
  flag('routes[0].api', true),
  flag('routes[0].bearer', true),
  ...clientTls('routes[0].tls', (tls) => ({ routes: [{ upstream: 'https://app', tls }] })),
  duration('routes[0].timeouts.connect'),
  duration('routes[0].timeouts.headers'),
  duration('routes[0].timeouts.body'),
  flag('routes[0].exact', true),
  size('routes[0].limits.bodyBytes'),
  { key: 'routes[0].rateLimit.requests', set: 7, gives: 7, wrong: 0, with: limited },
  duration('routes[0].rateLimit.window', limited),
  { key: 'routes[0].cors.origins', set: ['https://Front.example:443'], gives: ['https://front.example'], wrong: ['*'] },
  { key: 'routes[0].cors.headers', set: ['X-A'], gives: ['X-A'], wrong: ['*'], with: crossing },
  { key: 'routes[0].cors.exposeHeaders', set: ['X-A'], gives: ['X-A'], wrong: 'X-A', with: crossing },
  flag('routes[0].cors.credentials', false, crossing),
  duration('routes[0].cors.maxAge', crossing),
  flag('routes[0].websocket.enabled', false),
  { key: 'routes[0].websocket.allowedOrigins', set: ['https://Other.example'], gives: ['https://other.example'], wrong: ['*'] },
  flag('routes[0].preserveHost', false),
  text('pages.appName', 'Acme Studio'),
  ...['pages.accent', 'pages.accentDark'].map((key) => ({ key, set: '#2F55d4', gives: '#2F55d4', wrong: 'blue' })),
  text('pages.logoFile', logo),
  text('pages.templateFile', template),
  { key: 'pages.supportUrl', set: 'https://help.example/a', gives: 'https://help.example/a', wrong: 'javascript:alert(1)' },
  ...['en', 'zhHant', 'zhHans'].flatMap((language) => ['signInTitle', 'signInText', 'signedOutTitle', 'signedOutText', 'lowBalanceText'].map((name) => text(`pages.texts.${language}.${name}`, '<b>Hello</b>'))),
  text('log.level', 'debug')
]

function clientTls (path: string, beside: (tls: object) => object): readonly KeyRow[] {
  return [
    text(`${path}.ca`, authority.caFile, beside({})),
    text(`${path}.serverName`, 'internal', beside({})),
    flag(`${path}.verify`, false, beside({})),
    text(`${path}.certFile`, certFile, beside({ keyFile })),
    text(`${path}.keyFile`, keyFile, beside({ certFile }))
  ]
}
