import { once } from 'node:events'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { onlineFindings } from '../../src/cli/online.ts'
import { startEmulator, type Fault } from '../../src/emulator/emulator.ts'
import { startProcess } from '../rig/process.ts'
import { freePort, startRedis } from '../rig/redis.ts'
import { startTlsRedis } from '../rig/redis-shapes.ts'
import { startRig } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'
import { startFake } from './fake.ts'

const publicUrl = 'http://localhost:4180'
const app = { clientId: 'client_online', clientSecret: 'secret_online_7f3c', name: 'Online', redirectUri: `${publicUrl}/oauth2/callback` }

async function startSurroundings (t: Test) {
  const [emulator, upstream] = [await startEmulator({ apps: [app] }), await startUpstream()]
  t.after(() => emulator.close())
  t.after(() => upstream.close())
  const env = {
    GATEWAY_SERVER_PUBLIC_URL: publicUrl,
    GATEWAY_AIHUBMIX_CLIENT_ID: app.clientId,
    GATEWAY_AIHUBMIX_CLIENT_SECRET: app.clientSecret,
    GATEWAY_AIHUBMIX_BROWSER_URL: emulator.url,
    GATEWAY_AIHUBMIX_SERVER_URL: emulator.url,
    GATEWAY_AIHUBMIX_TIMEOUT: '2s',
    GATEWAY_UPSTREAM: upstream.url
  }
  /** The problems that are found, but for the public address, which nobody serves here. */
  const problems = async (change: Readonly<Record<string, string>> = {}): Promise<readonly string[]> => {
    const { config } = await loadConfig({ env: { ...env, ...change } })
    const findings = await onlineFindings(config, emulator.clock.trueNow)
    return findings.filter(({ about }) => !about.startsWith('the public address')).flatMap(({ about, problem }) => problem === null ? [] : [`${about}: ${problem}`])
  }
  return { emulator, upstream, env, problems }
}

t.test('where all is well nothing is said to be wrong, and nobody was shown the client secret', async (t) => {
  const { emulator, upstream, problems } = await startSurroundings(t)
  t.same(await problems(), [])
  t.ok(emulator.requests.length >= 2)
  for (const { headers, rawBody, query } of emulator.requests) t.notMatch(JSON.stringify([headers, rawBody, query]), app.clientSecret)
  t.same(emulator.requests.filter(({ path }) => path.endsWith('/token')), [])
  t.notMatch(JSON.stringify(upstream.seen), app.clientSecret)
})

t.test('a wrong host is told by what it answers: nothing, no name, no TLS, a page, a redirect, 404, an error', async (t) => {
  const { emulator, problems } = await startSurroundings(t)
  const web = await startFake(t)
  const cases = [
    [`http://127.0.0.1:${await freePort()}`, /nothing listens there/],
    ['https://aihubmix.invalid', /name is not found in DNS/],
    [emulator.url.replace('http:', 'https:'), /does not speak TLS|connection breaks/],
    [web.url, /answers 200 with a page/, '<!doctype html>', 200],
    [web.url, /answers with a redirect/, '', 301],
    [web.url, /answers 404: the OAuth endpoints are not/, '{"error":"x"}', 404],
    [web.url, /answers 502/, '', 502],
    [web.url, /asked too often/, '', 429]
  ] as const
  for (const [serverUrl, said, body, status] of cases) {
    if (body !== undefined) web.answerWith(body, status, { location: 'https://elsewhere.test/' })
    const [problem = '', ...more] = await problems({ GATEWAY_AIHUBMIX_SERVER_URL: serverUrl })
    t.match(problem, said)
    t.match(problem, /aihubmix\.serverUrl|Wait a few minutes/)
    t.same(more, [])
  }
  t.match(await problems({ GATEWAY_AIHUBMIX_BROWSER_URL: `http://127.0.0.1:${await freePort()}` }), [/sign-in page cannot be reached: nothing listens there.*aihubmix\.browserUrl/])
})

t.test('a client id that AIHubMix does not know, and a redirect URI that is not the registered one, are told apart', async (t) => {
  const { problems } = await startSurroundings(t)
  t.match(await problems({ GATEWAY_AIHUBMIX_CLIENT_ID: 'client_typo' }), [/app that does not exist. Check aihubmix\.clientId/])
  t.match(await problems({ GATEWAY_AIHUBMIX_REDIRECT_URI: `${publicUrl}/other` }), [/register exactly http:\/\/localhost:4180\/other/])
  t.match(await problems({ GATEWAY_AIHUBMIX_SCOPE: 'profile money' }), [/does not know a scope of "profile money"/])
})

t.test('a clock that is off is told with how much, in which direction', async (t) => {
  const { emulator, problems } = await startSurroundings(t)
  for (const [by, said] of [['10m', /clock is (599|600|601) seconds behind/], ['-10m', /clock is (599|600|601) seconds ahead/]] as const) {
    const fault: Fault = { kind: 'clock_skew', args: { by } }
    emulator.faults.clear()
    emulator.faults.set(fault)
    t.match(await problems(), [said])
  }
})

t.test('a Redis and an app that are away are named, with the place in the configuration', async (t) => {
  const { problems } = await startSurroundings(t)
  const key = { GATEWAY_SESSION_KEYS: Buffer.alloc(32, 1).toString('base64') }
  t.match(await problems({ GATEWAY_UPSTREAM: `http://127.0.0.1:${await freePort()}` }), [/the app at http:\/\/127.*nothing listens there/])
  const port = await freePort()
  t.match(await problems({ ...key, GATEWAY_SESSION_REDIS_URL: `redis://127.0.0.1:${port}` }), [new RegExp(`^Redis at 127\\.0\\.0\\.1:${port}: It cannot be used: nothing listens there .*127\\.0\\.0\\.1:${port}.*session\\.redis`)])
  const redis = await startRedis()
  t.after(() => redis.close())
  t.same(await problems({ ...key, GATEWAY_SESSION_REDIS_URL: redis.url }), [])
})

t.test('what keeps the gateway from using Redis is told apart, with the key to correct, and no password is shown', async (t) => {
  const { env } = await startSurroundings(t)
  const [plain, secured] = await Promise.all([startRedis(), startTlsRedis()])
  t.after(() => Promise.all([plain.close(), secured.close()]))
  const findingOf = async (redis: object): Promise<string> => {
    const file = `${t.testdir({ 'config.yaml': JSON.stringify({ session: { keys: [Buffer.alloc(32, 1).toString('base64')], redis } }) })}/config.yaml`
    const { config } = await loadConfig({ file, env })
    const [finding] = (await onlineFindings(config)).filter(({ about }) => about.startsWith('Redis'))
    return `${finding?.about}: ${finding?.problem}`
  }
  const nowhere = await freePort()
  const { tls: _, ...unverified } = secured.config
  const cases: ReadonlyArray<readonly [redis: object, said: RegExp]> = [
    [secured.config, /: null$/],
    [{ url: 'redis://redis.invalid:6379' }, /^Redis at redis\.invalid:6379: .*not found in DNS.*host in session\.redis/],
    [{ ...secured.config, password: 'a-password-0815' }, /does not take the password/],
    [unverified, /certificate is not accepted.*session\.redis\.tls\.ca/],
    [{ url: `rediss://127.0.0.1:${plain.port}` }, /does not answer in time.*with rediss:\/\/, whether that port speaks TLS/],
    [{ url: `redis://127.0.0.1:${secured.port}` }, /dropped at once.*write rediss:\/\//],
    [{ sentinels: { masterName: 'mymaster', nodes: [`127.0.0.1:${nowhere}`] } }, new RegExp(`^Redis at mymaster, as the Sentinels 127.0.0.1:${nowhere} name it: .*no connection comes about`)],
    [{ cluster: [`127.0.0.1:${nowhere}`] }, new RegExp(`^Redis at the Cluster of 127.0.0.1:${nowhere}: .*no connection comes about`)]
  ]
  for (const [redis, said] of cases) {
    const finding = await findingOf(redis)
    t.match(finding, said)
    t.notMatch(finding, /0815|acl-password/)
  }
  plain.pause()
  t.match(await findingOf({ url: plain.url }), /does not answer in time/)
  plain.resume()
  await plain.client.config('SET', 'requirepass', 'the-right-one')
  for (const password of ['', ':a-password-0815@']) t.match(await findingOf({ url: `redis://${password}127.0.0.1:${plain.port}` }), /does not take the password.*session\.redis\.password/)
})

t.test('the emulator behind a public address is a warning of its own', async (t) => {
  const { problems } = await startSurroundings(t)
  t.match(await problems({ GATEWAY_SERVER_PUBLIC_URL: 'https://app.example.com', GATEWAY_AIHUBMIX_REDIRECT_URI: 'https://app.example.com/oauth2/callback' }), [/It is the emulator/, /register exactly/])
})

t.test('the command prints each finding and ends with 1 while something is wrong, with 0 when the gateway answers at its address', async (t) => {
  const { env, emulator } = await startSurroundings(t)
  const wrong = startProcess(['check', '--online'], { ...env, GATEWAY_AIHUBMIX_CLIENT_ID: 'client_typo' })
  await wrong.saying(/\d of \d are wrong/)
  if (wrong.child.exitCode === null) await once(wrong.child, 'exit')
  t.equal(wrong.child.exitCode, 1)
  t.match(wrong.output(), /^ok {5}the app at http/m)
  t.match(wrong.output(), /^wrong {2}the app client_typo/m)
  t.match(wrong.output(), /\d of \d are wrong\.\n$/, 'and nothing stands behind it')
  t.notMatch(wrong.output(), app.clientSecret)

  const rig = await startRig(t)
  const url = rig.url
  emulator.registerApp({ ...app, redirectUri: `${url}/oauth2/callback` })
  const good = startProcess(['check', '--online'], { ...env, GATEWAY_SERVER_PUBLIC_URL: url })
  await good.saying(/Everything was reached/)
  t.match(good.output(), `ok     the public address ${url}`)
  if (good.child.exitCode === null) await once(good.child, 'exit')
  t.equal(good.child.exitCode, 0)
})
