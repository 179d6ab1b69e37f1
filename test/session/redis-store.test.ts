import { once } from 'node:events'
import { createServer } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { SessionStoreUnavailable } from '../../src/errors.ts'
import { createRedisStore } from '../../src/session/redis-store.ts'
import { revisionOf, type SessionStore } from '../../src/session/store.ts'
import { freePort, startRedis, type TestRedis } from '../rig/redis.ts'
import { timed, until } from '../rig/until.ts'
import { testStoreContract } from './store-contract.ts'

const commandTimeoutMs = 750

function storeAt (t: Test, redis: Pick<TestRedis, 'url'>, keyPrefix = `${t.name}:`, onError?: (error: Error) => void): SessionStore {
  const store = createRedisStore({ place: { url: redis.url }, keyPrefix, commandTimeoutMs, ...(onError === undefined ? {} : { onError }) })
  t.after(() => store.close())
  return store
}

async function redisFor (t: Test): Promise<TestRedis> {
  const redis = await startRedis()
  t.after(() => redis.close())
  return redis
}

const everyCall = (store: SessionStore): Readonly<Record<string, () => Promise<unknown>>> => ({
  read: () => store.read('id'),
  create: () => store.create('id', Buffer.alloc(32), 1_000),
  replace: () => store.replace('id', Buffer.alloc(12), Buffer.alloc(32), 1_000),
  delete: () => store.delete('id'),
  deleteRevision: () => store.deleteRevision('id', Buffer.alloc(12)),
  spendOnce: () => store.spendOnce('name', 1_000),
  lease: () => store.lease('id', 1_000),
  ping: () => store.ping()
})

/** Every method says that the store is away, within a second; none says "absent". */
async function saysUnavailable (t: Test, store: SessionStore): Promise<void> {
  await Promise.all(Object.entries(everyCall(store)).map(async ([name, call]) => {
    const { result, tookMs } = await timed(() => call().then((value) => value, (error: unknown) => error))
    t.type(result, SessionStoreUnavailable, `${name} rejects`)
    t.ok(tookMs < 1_000, `${name} within a second (${Math.round(tookMs)} ms)`)
  }))
}

t.test('Redis keeps the contract of a store', async (t) => {
  const redis = await redisFor(t)
  testStoreContract(t, async (t) => ({
    store: storeAt(t, redis),
    other: storeAt(t, redis),
    // Redis keeps its own time: a key of the same life says when it is over.
    async passes (ms) {
      await redis.client.set(`${t.name} passes`, '', 'PX', Math.ceil(ms))
      await until(async () => await redis.client.exists(`${t.name} passes`) === 0)
    }
  }))
})

t.test('a store that is closed while it connects tells of no outage', async (t) => {
  const slow = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  t.after(() => slow.close())
  await once(slow, 'listening')
  const address = slow.address()
  const told: Error[] = []
  const store = storeAt(t, { url: `redis://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` }, 'slow:', (error) => told.push(error))
  const [socket] = await once(slow, 'connection')
  await once(socket, 'data')
  await store.close()
  socket.write('%1\r\n+server\r\n+redis\r\n+OK\r\n+OK\r\n') // HELLO is answered too late: ioredis finds that it cannot go on, and says so
  await once(socket, 'close')
  await setImmediate()
  t.same(told, [])
})

t.test('Redis stopped: every method says so within a second, and the store heals by itself', async (t) => {
  const redis = await redisFor(t)
  const store = storeAt(t, redis)
  await store.create('kept', Buffer.from('just as it was'), 60_000)
  await redis.stop()
  await saysUnavailable(t, store)
  await redis.start()
  await until(() => store.ping().then(() => true))
  t.equal((await store.read('kept'))?.toString(), 'just as it was')
})

t.test('Redis paused: every method says so within a second, and the store heals by itself', async (t) => {
  const redis = await redisFor(t)
  const store = storeAt(t, redis)
  await store.create('kept', Buffer.from('just as it was'), 60_000)
  redis.pause()
  t.after(() => redis.resume())
  await saysUnavailable(t, store)
  redis.resume()
  await until(() => store.ping().then(() => true))
  t.equal((await store.read('kept'))?.toString(), 'just as it was')
})

t.test('Redis paused: no call waits for those that were sent before it', async (t) => {
  const redis = await redisFor(t)
  const store = storeAt(t, redis)
  await store.ping()
  redis.pause()
  const early = store.read('id').catch(() => null)
  await setImmediate()
  await saysUnavailable(t, store)
  await early
})

t.test('Redis away at start: the store says so, and works once it is there', async (t) => {
  const redis = await redisFor(t)
  await redis.stop()
  const store = storeAt(t, redis)
  await saysUnavailable(t, store)
  await redis.start()
  await until(() => store.ping().then(() => true))
  await t.resolves(store.create('id', Buffer.alloc(32), 1_000))
})

t.test('nothing listening at all is unavailable as well', async (t) => {
  await saysUnavailable(t, storeAt(t, { url: `redis://127.0.0.1:${await freePort()}/0` }))
})

t.test('a Redis that refuses to write is unavailable, and what it has is read on', async (t) => {
  const redis = await redisFor(t)
  const store = storeAt(t, redis)
  await store.create('kept', Buffer.from('just as it was'), 60_000)
  await redis.client.config('SET', 'maxmemory', '1')
  const { create, spendOnce, lease } = everyCall(store)
  const replace = (): Promise<boolean> => store.replace('kept', revisionOf(Buffer.from('just as it was')), Buffer.alloc(32), 1_000)
  for (const [name, call] of Object.entries({ create, spendOnce, lease, replace })) {
    await t.rejects(call?.() ?? Promise.resolve(), SessionStoreUnavailable, `${name} while out of memory`)
  }
  t.equal((await store.read('kept'))?.toString(), 'just as it was')
  await redis.client.config('SET', 'maxmemory', '0')
  await t.resolves(store.create('id', Buffer.alloc(32), 1_000))
})

t.test('after a failover the old master is read-only: unavailable for writers, until it is a master again', async (t) => {
  const redis = await redisFor(t)
  const store = storeAt(t, redis)
  await store.ping()
  await redis.client.replicaof('127.0.0.1', String(await freePort()))
  await t.rejects(store.create('id', Buffer.alloc(32), 1_000), SessionStoreUnavailable)
  await redis.client.replicaof('NO', 'ONE')
  await until(() => store.create('id', Buffer.alloc(32), 1_000).then(() => true))
})

t.test('a password that Redis does not take: unavailable, and the password is in no message', async (t) => {
  const redis = await redisFor(t)
  await redis.client.config('SET', 'requirepass', 'the-real-one')
  const told: Error[] = []
  const store = storeAt(t, { url: `redis://:wrong-password@127.0.0.1:${redis.port}/0` }, 'p:', (error) => { told.push(error) })
  const failure: unknown = await store.read('id').catch((error: unknown) => error)
  t.type(failure, SessionStoreUnavailable)
  await until(() => told.length > 0)
  const everything = JSON.stringify([...told, (failure as Error).cause].map((error) => ({ ...error as object, text: String(error), stack: (error as Error).stack })))
  t.notMatch(everything, 'wrong-password')
  t.match(everything, 'WRONGPASS', 'what is wrong is said')
})

t.test('a failed command gives neither keys nor values away', async (t) => {
  const redis = await redisFor(t)
  const store = storeAt(t, redis)
  await store.ping()
  await redis.client.config('SET', 'maxmemory', '1')
  const failure = await store.create('the-session-id', Buffer.from('sealed value'), 1_000).catch((error: unknown) => error)
  const cause = (failure as Error).cause as Error
  t.match(cause.message, 'OOM')
  t.strictSame(Object.keys(cause).filter((name) => name === 'command'), [])
})

t.test('every key begins with the prefix, names no ticket, and goes with its time', async (t) => {
  const redis = await redisFor(t)
  const store = storeAt(t, redis, 'gw:')
  await store.create('a', Buffer.alloc(32), 60_000)
  await store.lease('a', 60_000)
  await store.spendOnce('s', 60_000)
  const keys = (await redis.client.keys('*')).toSorted()
  t.strictSame(keys, ['gw:lease:{a}', 'gw:session:{a}', 'gw:spent:{s}'])
  for (const key of keys) t.ok(await redis.client.pttl(key) > 0)
})
