import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createInvalidationFeed, type InvalidationFeed } from '../../src/session/invalidation-feed.ts'
import { startFaultProxy } from '../rig/fault-proxy.ts'
import { startRedis, type TestRedis } from '../rig/redis.ts'
import { until } from '../rig/until.ts'

interface Heard {
  readonly feed: InvalidationFeed
  readonly changes: readonly string[]
  /** What the feed said of itself at each gap. */
  readonly gaps: readonly boolean[]
  readonly refusals: readonly Error[]
}

function listen (t: Test, port: number, options: { readonly username?: string, readonly password?: string } = {}): Heard {
  const beside = new Redis({ port, host: '127.0.0.1', lazyConnect: true, ...options })
  beside.on('error', () => {})
  const refusals: Error[] = []
  const feed = createInvalidationFeed({ beside, keyPrefix: 'gw:session:{', keySuffix: '}', onRefused: (error) => { refusals.push(error) } })
  t.after(() => { feed.close(); beside.disconnect() })
  const changes: string[] = []
  const gaps: boolean[] = []
  feed.onChange((id) => { changes.push(id) })
  feed.onGap(() => { gaps.push(feed.isHeard()) })
  return { feed, changes, gaps, refusals }
}

async function redisFor (t: Test): Promise<TestRedis> {
  const redis = await startRedis()
  t.after(() => redis.close())
  return redis
}

/** The connections that are subscribed, by id. */
async function subscribers (redis: TestRedis): Promise<readonly string[]> {
  return Array.from(String(await redis.client.client('LIST', 'TYPE', 'PUBSUB')).matchAll(/^id=(\d+)/gm), ([, id]) => id ?? '')
}

t.test('every way to write a session is told: SET, DEL, EXPIRE and time itself, whoever wrote', async (t) => {
  const redis = await redisFor(t)
  const { feed, changes } = listen(t, redis.port)
  await until(() => feed.isHeard())
  await redis.client.set('gw:session:{a}', 'x')
  await until(() => changes.length === 1)
  await redis.client.expire('gw:session:{a}', 100)
  await until(() => changes.length === 2)
  await redis.client.del('gw:session:{a}')
  await until(() => changes.length === 3)
  await redis.client.set('gw:session:{b}', 'x', 'PX', 50)
  await until(async () => await redis.client.exists('gw:session:{b}') === 0 && changes.length === 5)
  t.strictSame(changes, ['a', 'a', 'a', 'b', 'b'])
})

t.test('several sessions that end in one command are told one by one', async (t) => {
  const redis = await redisFor(t)
  const { feed, changes } = listen(t, redis.port)
  await until(() => feed.isHeard())
  await redis.client.mset('gw:session:{a}', '1', 'gw:session:{b,c}', '2', 'gw:session:{c}', '3')
  await until(() => changes.length === 3)
  t.strictSame(changes.toSorted(), ['a', 'b,c', 'c'])
})

t.test('keys of others are not told', async (t) => {
  const redis = await redisFor(t)
  const { feed, changes } = listen(t, redis.port)
  await until(() => feed.isHeard())
  await redis.client.mset('gw:lease:{a}', '1', 'gw:spent:{a}', '1', 'other:session:{a}', '1', 'gw', '1')
  await redis.client.set('gw:session:{last}', 'x')
  await until(() => changes.length > 0)
  t.strictSame(changes, ['last'])
})

t.test('an emptied Redis is a gap: any session may be gone', async (t) => {
  const redis = await redisFor(t)
  for (const empty of [() => redis.client.flushall(), () => redis.client.flushdb()]) {
    const { feed, gaps } = listen(t, redis.port)
    await until(() => feed.isHeard())
    t.equal(gaps.length, 1, 'the one at the beginning')
    await empty()
    await until(() => gaps.length === 2)
  }
})

t.test('a lost connection is a gap at once, and another when word is back: what was written between is never told', async (t) => {
  const redis = await redisFor(t)
  const proxy = await startFaultProxy(redis.port)
  t.after(() => proxy.close())
  const { feed, changes, gaps } = listen(t, proxy.port)
  await until(() => feed.isHeard())
  await proxy.refuse()
  await until(() => gaps.length === 2)
  t.equal(feed.isHeard(), false)
  await redis.client.set('gw:session:{unheard}', 'x')
  await proxy.restore()
  await until(() => feed.isHeard())
  t.strictSame(gaps, [true, false, true], 'believed before the gap is told, not believed while it lasts')
  t.strictSame(changes, [])
  await redis.client.set('gw:session:{heard}', 'x')
  await until(() => changes.length === 1)
})

t.test('a connection that Redis itself cuts is a gap, and tracks again', async (t) => {
  const redis = await redisFor(t)
  const { feed, changes, gaps } = listen(t, redis.port)
  await until(() => feed.isHeard())
  const [id = ''] = await subscribers(redis)
  await redis.client.client('KILL', 'ID', id)
  await until(() => gaps.length === 3)
  t.not((await subscribers(redis))[0], id, 'on a new connection')
  await redis.client.set('gw:session:{a}', 'x')
  await until(() => changes.includes('a'))
})

for (const hole of ['a dead link', 'a paused Redis'] as const) {
  t.test(`${hole}: nothing is closed, and still the feed is not believed any longer; later it is again`, async (t) => {
    const redis = await redisFor(t)
    const proxy = await startFaultProxy(redis.port)
    t.after(() => proxy.close())
    const { feed, changes, gaps } = listen(t, proxy.port)
    await until(() => feed.isHeard())
    if (hole === 'a dead link') proxy.swallow()
    else redis.pause()
    t.after(() => redis.resume())
    await until(() => !feed.isHeard())
    t.equal(gaps.length, 1, 'before any connection was closed')
    if (hole === 'a dead link') await proxy.restore()
    else redis.resume()
    await until(() => feed.isHeard())
    await redis.client.set('gw:session:{a}', 'x')
    await until(() => changes.includes('a'))
  })
}

t.test('a dead link is given up, and a new one tried, without anybody closing the old', async (t) => {
  const redis = await redisFor(t)
  const proxy = await startFaultProxy(redis.port)
  t.after(() => proxy.close())
  const { feed, gaps } = listen(t, proxy.port)
  await until(() => feed.isHeard())
  proxy.swallow()
  await until(() => gaps.length === 2)
  t.equal(feed.isHeard(), false)
})

t.test('Redis away at the start: not heard, and heard once it is there', async (t) => {
  const redis = await redisFor(t)
  await redis.stop()
  const { feed } = listen(t, redis.port)
  t.equal(feed.isHeard(), false)
  await redis.start()
  await until(() => feed.isHeard())
})

t.test('a Redis that refuses tracking: never believed, said once, and no connection is held', async (t) => {
  const redis = await redisFor(t)
  await redis.client.acl('SETUSER', 'limited', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking')
  const { feed, refusals } = listen(t, redis.port, { username: 'limited', password: 'secret' })
  await until(() => refusals.length > 0)
  t.equal(feed.isHeard(), false)
  t.match(refusals[0]?.message, 'NOPERM')
  await until(async () => !String(await redis.client.client('LIST')).includes('user=limited'))
  t.equal(refusals.length, 1)
})

t.test('begun anew, the feed is on another connection, with a gap before and after', async (t) => {
  const redis = await redisFor(t)
  const { feed, gaps } = listen(t, redis.port)
  await until(() => feed.isHeard())
  const [before] = await subscribers(redis)
  feed.restart()
  t.equal(feed.isHeard(), false)
  await until(() => feed.isHeard())
  t.not((await subscribers(redis)).at(-1), before)
  t.strictSame(gaps, [true, false, true])
})

t.test('closed, it is not believed, and its connection ends', async (t) => {
  const redis = await redisFor(t)
  const { feed } = listen(t, redis.port)
  await until(() => feed.isHeard())
  feed.close()
  t.equal(feed.isHeard(), false)
  await until(async () => (await subscribers(redis)).length === 0)
})
