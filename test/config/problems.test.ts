import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigProblems, problemLine } from '../../src/config/problems.ts'
import { load, minimal, problemsOf, refusal } from './configured.ts'

t.test('every problem is listed at once, with its place', async (t) => {
  const text = [
    'server:', '  publicUrl: http://app.example.com', '  listn: 1',
    'aihubmix:', '  clientId: 7', '  timeout: 10',
    'session: { maxAge: 1d, idleTimeout: 2d, cookieDomain: ample.com }',
    'routes:', '  - { upstream: "ftp://a" }', '  - { upstream: "http://a" }', '  - { upstream: "http://b", bearer: true, access: anyone }'
  ].join('\n')
  const problems = await problemsOf(t, { text, env: { GATEWAY_SERVER_PUBLIK_URL: 'x', GATEWAY_LOG_LEVEL: 'loud' } })
  t.same(new Set(problems.map(({ where, path }) => `${where} ${path}`)), new Set([
    'GATEWAY_SERVER_PUBLIK_URL GATEWAY_SERVER_PUBLIK_URL',
    'GATEWAY_LOG_LEVEL log.level',
    'gateway.yaml:2:3 server.publicUrl',
    'gateway.yaml:3:3 server.listn',
    'gateway.yaml:5:3 aihubmix.clientId',
    'gateway.yaml:4:1 aihubmix.clientSecret',
    'gateway.yaml:6:3 aihubmix.timeout',
    'gateway.yaml:7:24 session.idleTimeout',
    'gateway.yaml:9:7 routes[0].upstream',
    'gateway.yaml:11:5 routes[2].path',
    'gateway.yaml:11:29 routes[2].bearer'
  ]))
})

t.test('a contradiction is found beside an unknown key, and left out where its own keys are wrong', async (t) => {
  const contradiction = { idleTimeout: '31d' }
  t.same((await problemsOf(t, { over: { session: { ...contradiction, foo: 1 } } })).map(({ path }) => path), ['session.foo', 'session.idleTimeout'])
  t.same((await problemsOf(t, { over: { session: { ...contradiction, maxAge: 7 } } })).map(({ path }) => path), ['session.maxAge'])
})

t.test('a missing key names the ways to set it', async (t) => {
  const problems = await refusal(loadConfig({ env: {} }))
  t.match(problems.find(({ path }) => path === 'aihubmix.clientId'), { where: 'environment', message: 'is missing', hint: /GATEWAY_AIHUBMIX_CLIENT_ID or OAUTH_CLIENT_ID/ })
  t.same(problems.map(({ path }) => path).sort(), ['aihubmix.clientId', 'aihubmix.clientSecret', 'routes', 'server.publicUrl'])
})

t.test('a section whose keys are all commented out means the defaults', async (t) => {
  const { config } = await load(t, { over: { log: null, session: null, identity: { allow: null } } })
  t.equal(config.log.level, 'info')
})

t.test('an unknown key is refused wherever it stands', async (t) => {
  for (const over of [{ foo: 1 }, { server: { limits: { foo: 1 } } }, { routes: [{ upstream: 'http://a', allow: { foo: [] } }] }, JSON.parse('{"__proto__": {"x": 1}}'), { server: { constructor: 1 } }]) {
    t.match(await problemsOf(t, { over }), [{ message: 'is not a known key' }], JSON.stringify(over))
  }
})

t.test('a key of a route at the top is told where it belongs', async (t) => {
  t.match(await problemsOf(t, { over: { upstream: 'http://a' } }), [{ path: 'upstream', hint: /^It belongs to a route: .*routes: \[\{ upstream: http/ }])
  t.match(await problemsOf(t, { over: { minBalance: '5' } }), [{ path: 'minBalance', hint: /^It belongs to a route: .*, minBalance: / }])
  t.match(await problemsOf(t, { over: { log: { upstream: 'http://a' } } }), [{ path: 'log.upstream', hint: /^Known here: level/ }])
})

t.test('a key that is there twice is refused', async (t) => {
  const problems = await problemsOf(t, { text: 'log:\n  level: info\n  level: debug\n' })
  t.match(problems[0], { where: 'gateway.yaml:3:3', message: 'this key is there twice' })
})

t.test('a value that YAML takes for a tag is refused, not read as another value', async (t) => {
  const text = stringify(minimal).replace('the-client-secret', '!the-client-secret x')
  t.match(await problemsOf(t, { text }), [{ where: 'gateway.yaml:5:17', message: /begins with !/ }])
})

t.test('a file that cannot be read to its end is the problem, and not the keys it might hold', async (t) => {
  const problems = await problemsOf(t, { text: 'server: { publicUrl: "https://a', env: { GATEWAY_LOG_LEVEL: 'loud' } })
  t.ok(problems.every(({ message }) => message !== 'is missing'))
  t.ok(problems.some(({ where }) => where === 'GATEWAY_LOG_LEVEL'), 'what the environment holds is judged')
})

t.test('a file that is not there, a folder, a list and two documents are refused', async (t) => {
  t.match(await refusal(loadConfig({ file: '/nowhere/gateway.yaml', env: {} })), [{ where: '/nowhere/gateway.yaml', message: 'cannot be read (ENOENT)' }])
  t.match(await refusal(loadConfig({ file: t.testdir(), env: {} })), [{ message: 'cannot be read (EISDIR)' }])
  t.match(await problemsOf(t, { text: '- a\n- b\n' }), [{ message: 'is not a map of keys' }])
  t.match(await problemsOf(t, { text: 'a: 1\n---\nb: 2\n' }), [{ message: /second document/ }])
})

t.test('an alias bomb is refused, not unfolded', async (t) => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...[...'bcdefghi'].map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]},`.repeat(9)}]`)].join('\n')
  t.match(await problemsOf(t, { text: bomb }), [{ message: /alias/ }])
})

t.test('a value that may be a secret is never part of a problem', async (t) => {
  const secret = 'Sup3rS3cretV4lue'
  const texts = [`*${secret}`, `!${secret} x`, `!${secret}`, `@${secret}`, `"${secret}`, `[${secret}`, `{ ${secret}: 1 }`, `%${secret}`, `|${secret}`, `${secret}: ${secret}`]
  for (const text of texts) {
    const problems = await problemsOf(t, { text: `aihubmix:\n  clientSecret: ${text}\nsession:\n  keys: [${secret}]\n  redis: { url: "https://${secret}" }\n` })
    const said = problems.filter(({ message }) => message !== 'is not a known key').map(problemLine).join('\n')
    t.notMatch(said, secret, text)
    t.ok(problems.length > 0, text)
  }
})

t.test('the error says everything in its message, a line each', async (t) => {
  const loading = loadConfig({ env: { GATEWAY_FOO: 'x' } })
  await t.rejects(loading, { name: 'ConfigProblems', message: /^GATEWAY_FOO: is not a variable of the gateway.*\n.*publicUrl: is missing/s })
  await t.rejects(loading, ConfigProblems)
})

t.test('a certificate that cannot be read is found before the first request needs it', async (t) => {
  const problems = await problemsOf(t, { over: { routes: [{ upstream: 'https://a', tls: { ca: '/nowhere/ca.pem' } }] } })
  t.match(problems, [{ path: 'routes[0].tls.ca', where: /^gateway\.yaml:9:/, message: /ENOENT/ }])
})

t.test('the file named by GATEWAY_CONFIG is read, and the one given to the command before it', async (t) => {
  const dir = t.testdir({ 'one.yaml': 'log: { level: 1 }', 'two.yaml': 'log: { level: 1 }' })
  const env = { GATEWAY_CONFIG: `${dir}/one.yaml` }
  t.ok((await refusal(loadConfig({ env }), dir)).some(({ where }) => where.startsWith('one.yaml:1:8')))
  t.ok((await refusal(loadConfig({ env, file: `${dir}/two.yaml` }), dir)).some(({ where }) => where.startsWith('two.yaml:1:8')))
})

t.test('JSON is read like YAML', async (t) => {
  const file = `${t.testdir()}/gateway.json`
  await writeFile(file, JSON.stringify({ server: { publicUrl: 'https://a.example' }, aihubmix: { clientId: 'a', clientSecret: 'b' }, routes: [{ upstream: 'http://a' }] }, null, 2))
  t.equal((await loadConfig({ file, env: {} })).config.server.publicUrl, 'https://a.example')
})

t.test('what was loaded cannot be changed', async (t) => {
  const { config } = await load(t)
  t.throws(() => Object.assign(config.log, { level: 'trace' }), TypeError)
  t.throws(() => Object.assign(config.routes[0] ?? {}, { access: 'anyone' }), TypeError)
  t.throws(() => Array.prototype.push.call(config.routes, {}), TypeError)
})
