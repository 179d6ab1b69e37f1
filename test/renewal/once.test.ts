import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { navigation, open, signInTo } from '../login/attempt.ts'
import { get } from '../rig/raw.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

t.test('200 requests at once over two replicas spend the refresh token once, and all are served (T-105)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { replicas: 2, redisUrl: redis.url })
  rig.emulator.faults.set({ kind: 'rotation', args: { mode: 'on_with_reuse_detection' } })
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 1_000 } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const replicas = rig.replicas.map(({ url }) => ada.via(url))
  const all = async (): Promise<readonly number[]> => {
    const answers = await Promise.all(Array.from({ length: 200 }, async (_value, index) => await replicas[index % 2]?.fetch(`/${index}`, { headers: navigation })))
    return [...new Set(answers.map((answer) => answer?.status ?? 0))]
  }

  rig.emulator.clock.advance('2h')
  t.strictSame(await all(), [200], 'with an access token that ran out')
  t.equal(rig.emulator.count('refresh_token'), 1)

  rig.emulator.clock.advance('1h56m')
  t.strictSame(await all(), [200], 'with one that is about to')
  await until(() => rig.emulator.count('refresh_token') === 2)

  rig.emulator.clock.advance('2h1m')
  for (const replica of replicas) t.equal((await open(replica, '/a')).status, 200)
  t.equal(rig.emulator.count('refresh_token'), 3, 'and still signed in: no token was used twice')
})

t.test('in one process 100 requests share one renewal: Redis is asked for one lease', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url })
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 400 } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('2h')
  const before = await redis.calls('set')
  const answers = await Promise.all(Array.from({ length: 100 }, () => open(ada, '/a')))
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  const leases = await redis.calls('set') - before
  t.ok(leases <= 6, `${leases} SET commands: the lease, and the saves of the new tokens and identity`)
})

t.test('the access token still lives: nobody waits for a slow refresh (T-106)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { replicas: 2, redisUrl: redis.url, config: { identity: { maxStale: '3h' } } })
  rig.emulator.faults.set({ kind: 'hang', endpoint: 'refresh_token' })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('1h56m')
  const startedAt = performance.now()
  const answers = await Promise.all(Array.from({ length: 20 }, async (_value, index) => await open(ada.via(rig.replicas[index % 2]?.url ?? ''), '/a')))
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.ok(performance.now() - startedAt < 5_000)
  t.ok(rig.emulator.count('refresh_token') <= 1)
  rig.emulator.faults.clear()
})

t.test('a client that leaves during its refresh does not take the refresh with it (T-108)', async (t) => {
  const rig = await startRig(t)
  rig.emulator.faults.set({ kind: 'rotation', args: { mode: 'on_with_reuse_detection' } })
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 300 } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('3h')
  const leaving = connect(rig.port, '127.0.0.1')
  await once(leaving, 'connect')
  leaving.write(get('/leaving', [`Cookie: ${ada.cookieHeader()}`]))
  await until(() => rig.emulator.count('refresh_token') === 1)
  leaving.resetAndDestroy() // who only closes its side may wait for the answer (docs/decisions/0063)
  t.equal((await open(ada, '/a')).status, 200)
  t.equal(rig.emulator.count('refresh_token'), 1)
  t.strictSame(rig.upstream.seen.filter(({ target }) => target === '/leaving'), [])
})

t.test('a 401 of the app is the app\'s: it is passed on once and renews nothing (T-111)', async (t) => {
  const rig = await startRig(t, {
    upstream (_request, response) {
      response.writeHead(401, { 'www-authenticate': 'Basic' }).end('no')
    }
  })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const { status, headers } = await ada.fetch('/a', { method: 'POST', body: 'x' })
  t.equal(status, 401)
  t.equal(headers['www-authenticate'], 'Basic')
  t.equal(rig.upstream.seen.length, 1)
  t.equal(rig.emulator.count('refresh_token'), 0)
})
