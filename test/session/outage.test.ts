import t from 'tap'
import { createOutage } from '../../src/session/outage.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { navigation, open, signInTo } from '../login/attempt.ts'
import { until } from '../rig/until.ts'

function recorded () {
  const lines: string[] = []
  const write = (level: string) => (details: object, message: string): void => { lines.push(`${level} ${message} ${JSON.stringify(details)}`) }
  let now = 0
  return { lines, outage: createOutage({ info: write('info'), error: write('error') }, () => now), passes (ms: number) { now += ms } }
}

t.test('an outage is one line at its start and one at its end, with the number of failures', async (t) => {
  const { lines, outage, passes } = recorded()
  for (let failure = 0; failure < 1_000; failure++) {
    outage.failed(new Error('ECONNREFUSED'))
    passes(30)
  }
  t.equal(lines.length, 1)
  t.match(lines[0], /^error Redis cannot be reached/)
  passes(2_000)
  outage.answered()
  outage.answered()
  t.equal(lines.length, 2)
  t.equal(lines[1], 'info Redis answers again {"failures":1000,"seconds":32}')
  outage.failed(new Error('again'))
  t.equal(lines.length, 3, 'the next one is told of anew')
})

t.test('while some commands fail and others are answered it is the same outage', async (t) => {
  const { lines, outage, passes } = recorded()
  for (let round = 0; round < 100; round++) {
    outage.failed(new Error('OOM'))
    passes(10)
    outage.answered()
  }
  t.equal(lines.length, 1)
})

for (const how of ['stopped', 'paused'] as const) {
  t.test(`Redis ${how} under load: two lines in the log besides those of the requests, which name their error`, async (t) => {
    const redis = await startRedis()
    t.after(() => redis.close())
    const rig = await startRig(t, { redisUrl: redis.url })
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    if (how === 'stopped') await redis.stop()
    else redis.pause()
    for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 10 }, () => open(ada, '/a')))
    if (how === 'stopped') await redis.start()
    else redis.resume()
    await until(async () => (await ada.fetch('/a', { headers: navigation })).status === 200 && rig.logged().includes('Redis answers again'), 15_000)
    const lines = rig.logged().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line))
    t.strictSame(lines.filter(({ level }) => level === 'error').map(({ msg }) => msg.slice(0, 23)), ['Redis cannot be reached'])
    const [answered, ...more] = lines.filter(({ msg }) => msg === 'Redis answers again')
    t.strictSame(more, [])
    t.ok(answered.failures >= 3)
    const requests = lines.filter(({ msg, code }) => msg === 'request' && code === 'session_store_unavailable')
    t.ok(requests.length >= 30, 'each request has its own line')
    t.ok(requests.every(({ id, status }) => typeof id === 'string' && status === 503))
  })
}
