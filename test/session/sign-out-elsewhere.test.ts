import t from 'tap'
import { open, signInTo, signOut } from '../login/attempt.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

t.test('a sign-out on one replica holds on every other from its answer on, for sessions in use there', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url, replicas: 3 })
  for (let round = 0; round < 20; round++) {
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    const same = rig.replicas.map(({ url }) => ada.via(url))
    for (const browser of same) {
      await until(async () => {
        const before = await redis.calls('mget')
        t.equal((await open(browser, '/a')).status, 200)
        return await redis.calls('mget') === before
      })
    }
    const cookie = ada.cookieHeader()
    t.equal((await signOut(ada)).status, 303)
    const seen = rig.upstream.seen.length
    const answers = await Promise.all(same.map((browser) => browser.fetch('/a', { headers: { cookie, accept: 'application/json' } })))
    t.strictSame(answers.map(({ status }) => status), [401, 401, 401])
    t.equal(rig.upstream.seen.length, seen, 'the app saw nothing')
  }
})

for (const outage of ['stopped', 'paused'] as const) {
  t.test(`Redis ${outage}: a session in use is 503 as well, and served again when Redis is back`, async (t) => {
    const redis = await startRedis()
    t.after(() => redis.close())
    const rig = await startRig(t, { redisUrl: redis.url })
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    for (let request = 0; request < 5; request++) t.equal((await open(ada, '/a')).status, 200)
    if (outage === 'stopped') await redis.stop()
    else redis.pause()
    await until(async () => (await open(ada, '/a')).status === 503)
    const seen = rig.upstream.seen.length
    t.strictSame(await Promise.all([1, 2, 3].map(async () => (await open(ada, '/a')).status)), [503, 503, 503])
    t.equal(rig.upstream.seen.length, seen, 'the app saw nothing')
    if (outage === 'stopped') await redis.start()
    else redis.resume()
    await until(async () => (await open(ada, '/a')).status === 200)
  })
}
