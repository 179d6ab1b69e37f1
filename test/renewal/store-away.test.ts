import t from 'tap'
import { navigation, open, sessionCookie, signInTo } from '../login/attempt.ts'
import { startFaultProxy } from '../rig/fault-proxy.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { timed, until } from '../rig/until.ts'

t.test('Redis goes away between AIHubMix\'s answer and the save: the new tokens are kept and saved when it is back', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const network = await startFaultProxy(redis.port)
  t.after(() => network.close())
  const rig = await startRig(t, { redisUrl: `redis://127.0.0.1:${network.port}/0` })
  rig.emulator.faults.set({ kind: 'rotation', args: { mode: 'on_with_reuse_detection' } })
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 100 } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('3h')

  const waiting = ada.fetch('/a', { headers: navigation })
  await until(() => rig.emulator.count('refresh_token') === 1)
  network.swallow()
  await until(() => network.swallowed().includes('GETRANGE')) // the fenced save is on its way, and lost
  const meanwhile = await open(ada, '/a')
  t.equal(meanwhile.status, 503)
  t.strictSame(meanwhile.setCookies, [])
  await network.restore()

  t.ok([200, 503].includes((await waiting).status), 'served, or told to come again where Redis was away for too long')
  await until(async () => (await open(ada, '/a')).status === 200)
  t.equal(rig.emulator.count('refresh_token'), 1)
  rig.emulator.clock.advance('3h')
  t.equal((await open(ada, '/a')).status, 200, 'and the next refresh uses the new refresh token')
  t.equal(rig.emulator.count('refresh_token'), 2)
})

t.test('FLUSHALL signs everybody out once, without an error and without a loop (T-116)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url })
  const ada = rig.newBrowser()
  await ada.signIn()
  t.equal((await open(ada, '/a')).status, 200)
  await redis.client.flushall()
  const asked = await open(ada, '/a')
  t.equal(asked.status, 302)
  t.notOk(ada.cookies.has(sessionCookie))
  t.equal((await ada.open('/a')).status, 200, 'AIHubMix knows the browser: one click leads back')
  t.equal((await open(ada, '/a')).status, 200)
})

/** So that nobody waits for anything but tokens. */
const oldIdentitiesServe = { identity: { maxAge: '10h', maxStale: '20h' } }

t.test('a gateway that stops lets a running refresh end and be saved: the next one need not ask again', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { replicas: 2, redisUrl: redis.url, config: oldIdentitiesServe })
  rig.emulator.faults.set({ kind: 'rotation', args: { mode: 'on_with_reuse_detection' } })
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 400 } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('1h56m')
  t.equal((await open(ada, '/a')).status, 200)
  await until(() => rig.emulator.count('refresh_token') === 1)
  await rig.gateway.close(5_000)
  rig.emulator.clock.advance('10m')
  t.equal((await open(ada.via(rig.replicas[1]?.url ?? ''), '/a')).status, 200)
  t.equal(rig.emulator.count('refresh_token'), 1)
})

t.test('a gateway that stops while Redis is away does not wait for ever for tokens to be saved', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url, config: oldIdentitiesServe })
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 800 } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('1h56m')
  t.equal((await open(ada, '/a')).status, 200)
  await until(() => rig.emulator.count('refresh_token') === 1)
  await redis.stop()
  const { tookMs } = await timed(() => rig.gateway.close(500))
  t.ok(tookMs < 3_000, `${Math.round(tookMs)} ms`)
})
