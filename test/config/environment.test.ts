import t from 'tap'
import { keyReference } from '../../src/config/describe.ts'
import { loadConfig } from '../../src/config/load.ts'
import { load, problemsOf, refusal } from './configured.ts'

const enough = {
  GATEWAY_SERVER_PUBLIC_URL: 'https://app.example.com',
  OAUTH_CLIENT_ID: 'client_1',
  OAUTH_CLIENT_SECRET: 'the-client-secret',
  GATEWAY_UPSTREAM: 'http://127.0.0.1:3000'
}

const fromVariables = async (env: Record<string, string>) => (await loadConfig({ env: { ...enough, ...env } })).config

t.test('four variables are enough, and make one route / for signed-in users', async (t) => {
  const { routes, aihubmix } = await fromVariables({})
  t.match(routes, [{ path: '/', access: 'signedIn', upstream: { kind: 'http', origin: 'http://127.0.0.1:3000' } }])
  t.match(aihubmix, { clientId: 'client_1', clientSecret: 'the-client-secret', redirectUri: 'https://app.example.com/oauth2/callback' })
})

t.test('a name is GATEWAY_ and the path in upper snake case', async (t) => {
  const names = Object.fromEntries(keyReference().map(({ key, variables }) => [key, variables]))
  t.same(names['aihubmix.clientId'], ['GATEWAY_AIHUBMIX_CLIENT_ID', 'OAUTH_CLIENT_ID'])
  t.same(names['server.limits.headerBytes'], ['GATEWAY_SERVER_LIMITS_HEADER_BYTES'])
  t.same(names['session.keysFile'], ['GATEWAY_SESSION_KEYS_FILE'])
  t.same(names['session.redis.passwordFile'], ['GATEWAY_SESSION_REDIS_PASSWORD_FILE'])
  t.equal(new Set(Object.values(names).flat()).size, Object.values(names).flat().length, 'no two keys share a name')
})

t.test('every key has a description and its default on the reference page', async (t) => {
  for (const { key, description } of keyReference()) t.ok(description.length > 0, key)
  t.match(keyReference().find(({ key }) => key === 'session.maxAge'), { default: '30d' })
})

t.test('texts, numbers, booleans, lists, pairs, durations and sizes are read as such', async (t) => {
  const config = await fromVariables({
    GATEWAY_AIHUBMIX_AUTO_AUTHORIZE: 'false',
    GATEWAY_SERVER_TRUSTED_PROXIES: '10.0.0.0/8, 192.168.0.1',
    GATEWAY_IDENTITY_ALLOW_IDS: '42,007',
    GATEWAY_HEADERS_SET: 'X-Who=id, X-Mail = email',
    GATEWAY_SESSION_MAX_AGE: '8d',
    GATEWAY_SERVER_LIMITS_BODY_BYTES: '10MB',
    GATEWAY_SERVER_WORKERS: '1',
    GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE: ''
  })
  t.equal(config.aihubmix.autoAuthorize, false)
  t.same(config.server.trustedProxies, ['10.0.0.0/8', '192.168.0.1'])
  t.same(config.identity.allow.ids, ['42', '007'])
  t.same(config.headers.set, { 'X-Who': 'id', 'X-Mail': 'email' })
  t.equal(config.session.maxAge, 691_200_000)
  t.equal(config.server.limits.bodyBytes, 10_000_000)
})

t.test('a wrong value is refused under the name of its variable', async (t) => {
  const wrong = { GATEWAY_AIHUBMIX_AUTO_AUTHORIZE: 'yes', GATEWAY_SERVER_TRUSTED_PROXIES: 'true', GATEWAY_SESSION_MAX_AGE: '30', GATEWAY_SERVER_WORKERS: '1.5', GATEWAY_HEADERS_SET: 'X-Who', OAUTH_REDIRECT_URI: 'nowhere' }
  const problems = await refusal(loadConfig({ env: { ...enough, ...wrong } }))
  t.same(problems.map(({ where }) => where).sort(), Object.keys(wrong).sort())
})

t.test('the environment wins over the file, key by key', async (t) => {
  const over = { log: { level: 'debug' }, server: { trustedProxies: ['10.0.0.0/8'], listen: '127.0.0.1:1' } }
  const { config } = await load(t, { over, env: { GATEWAY_LOG_LEVEL: 'warn', GATEWAY_SERVER_TRUSTED_PROXIES: '172.16.0.0/12' } })
  t.equal(config.log.level, 'warn')
  t.same(config.server.trustedProxies, ['172.16.0.0/12'])
  t.equal(config.server.listen.port, 1)
})

t.test('a variable makes a section that the file leaves out or sets to null', async (t) => {
  const { config } = await load(t, { over: { session: { redis: null } }, env: { GATEWAY_SESSION_REDIS_URL: 'redis://a', GATEWAY_SESSION_KEYS: Buffer.alloc(32, 1).toString('base64') } })
  t.equal(config.session.redis?.url, 'redis://a')
})

t.test('a section of the wrong type is not hidden by a variable', async (t) => {
  t.match(await problemsOf(t, { over: { log: 3 }, env: { GATEWAY_LOG_LEVEL: 'warn' } }), [{ path: 'log' }])
})

t.test('a variable that is set and empty changes nothing', async (t) => {
  const { config } = await load(t, { over: { identity: { allow: { ids: ['42'] } } }, env: { GATEWAY_IDENTITY_ALLOW_IDS: '', GATEWAY_UPSTREAM: ' ', OAUTH_CLIENT_ID: '' } })
  t.same(config.identity.allow.ids, ['42'], 'an empty variable does not open the gateway to everyone')
})

t.test('a key set under two names is refused', async (t) => {
  const problems = await refusal(loadConfig({ env: { ...enough, GATEWAY_AIHUBMIX_CLIENT_ID: 'client_1' } }))
  t.match(problems, [{ path: 'aihubmix.clientId', message: /too$/ }])
})

t.test('GATEWAY_UPSTREAM does not make the routes of the file vanish', async (t) => {
  t.match(await problemsOf(t, { env: { GATEWAY_UPSTREAM: 'http://a' } }), [{ where: 'GATEWAY_UPSTREAM', message: /and so are routes/ }])
})

t.test('a wrong GATEWAY_UPSTREAM is refused under its name', async (t) => {
  t.match(await refusal(loadConfig({ env: { ...enough, GATEWAY_UPSTREAM: '127.0.0.1:3000' } })), [{ where: 'GATEWAY_UPSTREAM', path: 'routes[0].upstream' }])
})

t.test('every variable misspelt is refused with the nearest name', async (t) => {
  for (const name of keyReference().flatMap(({ variables }) => variables).filter((name) => name.startsWith('GATEWAY_'))) {
    const misspelt = `${name.slice(0, -2)}${name.slice(-1)}`
    t.match((await refusal(loadConfig({ env: { ...enough, [misspelt]: 'x' } })))[0], { where: misspelt, hint: `Did you mean ${name}?` })
  }
})

t.test('what Kubernetes sets for a Service named gateway… is not ours', async (t) => {
  await t.resolves(fromVariables({
    GATEWAY_SERVICE_HOST: '10.0.0.1',
    GATEWAY_SERVICE_PORT: '80',
    GATEWAY_SERVICE_PORT_HTTP: '80',
    GATEWAY_PORT: 'tcp://10.0.0.1:80',
    GATEWAY_PORT_80_TCP: 'tcp://10.0.0.1:80',
    GATEWAY_PORT_80_TCP_PROTO: 'tcp',
    GATEWAY_PORT_80_TCP_PORT: '80',
    GATEWAY_PORT_80_TCP_ADDR: '10.0.0.1',
    GATEWAY_REDIS_SERVICE_HOST: '10.0.0.2',
    GATEWAY_REDIS_PORT: 'tcp://10.0.0.2:6379'
  }))
  t.match(await refusal(loadConfig({ env: { ...enough, GATEWAY_PORT: '4180' } })), [{ path: 'GATEWAY_PORT' }])
})

t.test('variables of others are left alone', async (t) => {
  await t.resolves(fromVariables({ PATH: '/bin', OAUTH_SOMETHING: 'x', GATEWAYS: 'x' }))
})
