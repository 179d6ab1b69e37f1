import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { SessionStoreUnavailable } from '../../src/errors.ts'
import { createMemoryStore } from '../../src/session/memory-store.ts'
import { createCookieSeals } from '../../src/session/plugin.ts'
import { createRedisStore } from '../../src/session/redis-store.ts'
import { createSessionCache } from '../../src/session/session-cache.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { createUserSessions, type OpenSession, type UserSessions } from '../../src/session/user-sessions.ts'
import { startFaultProxy } from '../rig/fault-proxy.ts'
import { startRedis, type TestRedis } from '../rig/redis.ts'
import { until } from '../rig/until.ts'
import { sessionOf } from './session-of.ts'

const hour = 3_600_000
const key = randomBytes(32)

interface Replica {
  readonly sessions: UserSessions
  readonly store: SessionStore
}

async function replicaOn (t: Test, store: SessionStore): Promise<Replica> {
  const seals = await createCookieSeals({ keys: [key], ticketMaxAgeMs: hour, transactionMaxAgeMs: hour })
  t.after(() => seals.close())
  t.after(() => store.close())
  return { store, sessions: createUserSessions({ store, ticketSeal: seals.ticket, maxAgeMs: hour, idleTimeoutMs: hour, now: Date.now }) }
}

async function replica (t: Test, port: number, { keyPrefix = 'gw:', login = '' } = {}): Promise<Replica> {
  const running = await replicaOn(t, createRedisStore({ place: { url: `redis://${login}127.0.0.1:${port}/0` }, keyPrefix, commandTimeoutMs: 400 }))
  if (login === '') await until(() => running.store.changes.isHeard())
  return running
}

async function redisFor (t: Test): Promise<TestRedis> {
  const redis = await startRedis()
  t.after(() => redis.close())
  return redis
}

/** A session this replica has in its cache, believed. */
async function usedOn ({ sessions }: Replica, redis: TestRedis): Promise<{ readonly cookieValue: string, readonly id: string }> {
  const { cookieValue, opened } = await sessions.begin(sessionOf(Date.now()))
  await believed(sessions, cookieValue, redis)
  return { cookieValue, id: opened.ticket.id }
}

/** Resolves once requests with this cookie no longer ask Redis. */
async function believed (sessions: UserSessions, cookieValue: string, redis: TestRedis): Promise<void> {
  await until(async () => {
    const before = await redis.calls('mget')
    await sessions.fromCookie(cookieValue)
    return await redis.calls('mget') === before
  })
}

t.test('a known session costs no word with Redis, no decryption and no parsing', async (t) => {
  const redis = await redisFor(t)
  const one = await replica(t, redis.port)
  const { cookieValue } = await usedOn(one, redis)
  const first = await one.sessions.fromCookie(cookieValue)
  const before = await redis.calls('mget')
  for (let request = 0; request < 100; request++) t.equal(await one.sessions.fromCookie(cookieValue), first, 'the very same object')
  t.equal(await redis.calls('mget'), before)
})

t.test('requests of one moment read a session once', async (t) => {
  const redis = await redisFor(t)
  const [one, other] = [await replica(t, redis.port), await replica(t, redis.port)]
  const { cookieValue } = await one.sessions.begin(sessionOf(Date.now()))
  const before = await redis.calls('mget')
  await Promise.all(Array.from({ length: 50 }, () => other.sessions.fromCookie(cookieValue)))
  t.equal(await redis.calls('mget'), before + 1)
})

t.test('what another replica saves is what the next request gets; what it ends is gone', async (t) => {
  const redis = await redisFor(t)
  const [one, other] = [await replica(t, redis.port), await replica(t, redis.port)]
  const { cookieValue } = await usedOn(one, redis)
  await believed(other.sessions, cookieValue, redis)
  const opened = await other.sessions.fromCookie(cookieValue)
  if (opened === null) throw new Error('not there')
  await one.sessions.save(opened, { ...opened.session, identity: { ...opened.session.identity, balance: '0.01' } })
  await until(async () => (await other.sessions.fromCookie(cookieValue))?.session.identity.balance === '0.01')
  t.equal((await one.sessions.fromCookie(cookieValue))?.session.identity.balance, '0.01', 'the saving replica knows at once')
  await one.sessions.end(opened)
  t.equal(await one.sessions.fromCookie(cookieValue), null, 'the ending replica knows at once')
  await until(async () => await other.sessions.fromCookie(cookieValue) === null)
})

t.test('an operator who deletes a session, or lets it run out, ends it everywhere', async (t) => {
  const redis = await redisFor(t)
  const one = await replica(t, redis.port)
  for (const end of [(name: string) => redis.client.del(name), (name: string) => redis.client.pexpire(name, 1), (name: string) => redis.client.unlink(name), (name: string) => redis.client.rename(name, 'elsewhere')]) {
    const { cookieValue, id } = await usedOn(one, redis)
    await end(`gw:session:{${id}}`)
    await until(async () => await one.sessions.fromCookie(cookieValue) === null)
  }
})

t.test('an emptied Redis signs everybody out', async (t) => {
  const redis = await redisFor(t)
  const one = await replica(t, redis.port)
  for (const empty of [() => redis.client.flushall(), () => redis.client.flushdb()]) {
    const { cookieValue } = await usedOn(one, redis)
    await empty()
    await until(async () => await one.sessions.fromCookie(cookieValue) === null)
  }
})

t.test('an answer of Redis that word of a change has overtaken is not believed later', async (t) => {
  const redis = await redisFor(t)
  const store = createRedisStore({ place: { url: redis.url }, keyPrefix: 'gw:', commandTimeoutMs: 1_000 })
  const held = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  let isHolding = false
  const slow: SessionStore = {
    ...store,
    async read (id) {
      const value = await store.read(id)
      if (!isHolding) return value
      isHolding = false
      arrived.resolve()
      await held.promise
      return value
    }
  }
  const one = await replicaOn(t, slow)
  await until(() => store.changes.isHeard())
  const { cookieValue, opened } = await one.sessions.begin(sessionOf(Date.now()))

  isHolding = true
  const overtaken = one.sessions.fromCookie(cookieValue)
  await arrived.promise
  const told = new Promise<string>((resolve) => { store.changes.onChange(resolve) })
  await redis.client.del(`gw:session:{${opened.ticket.id}}`)
  t.equal(await told, opened.ticket.id)
  held.resolve()
  t.not(await overtaken, null, 'the request that had asked before is served with what was true then')
  t.equal(await one.sessions.fromCookie(cookieValue), null, 'the next one is not')
})

t.test('a read that was under way while word was lost is not believed later', async (t) => {
  const store = createMemoryStore()
  const gaps: Array<() => void> = []
  const held = Promise.withResolvers<void>()
  let isHolding = false
  const one = await replicaOn(t, {
    ...store,
    changes: { ...store.changes, onChange () {}, onGap (listener) { gaps.push(listener) } },
    async read (id) {
      const value = await store.read(id)
      if (isHolding) await held.promise
      return value
    }
  })
  const { cookieValue, opened } = await one.sessions.begin(sessionOf(Date.now()))
  isHolding = true
  const overtaken = one.sessions.fromCookie(cookieValue)
  await store.delete(opened.ticket.id)
  for (const tell of gaps) tell()
  held.resolve()
  await overtaken
  t.equal(await one.sessions.fromCookie(cookieValue), null)
})

t.test('a sign-out in the moment the connection is lost is seen when it is back', async (t) => {
  const redis = await redisFor(t)
  const one = await replica(t, redis.port)
  const { cookieValue, id } = await usedOn(one, redis)
  // In one transaction: the feed's connection is gone before the key is, and nobody tells of it later.
  await redis.client.multi().client('KILL', 'TYPE', 'PUBSUB').del(`gw:session:{${id}}`).exec()
  await until(async () => await one.sessions.fromCookie(cookieValue) === null)
  await until(() => one.store.changes.isHeard())
  t.equal(await one.sessions.fromCookie(cookieValue), null)
})

t.test('Redis out of reach: nothing that was known is believed; what ended meanwhile has ended', async (t) => {
  const redis = await redisFor(t)
  const proxy = await startFaultProxy(redis.port)
  t.after(() => proxy.close())
  const one = await replica(t, proxy.port)
  const [ended, kept] = [await usedOn(one, redis), await usedOn(one, redis)]
  await proxy.refuse()
  await until(() => !one.store.changes.isHeard())
  await t.rejects(async () => await one.sessions.fromCookie(kept.cookieValue), SessionStoreUnavailable)
  await redis.client.del(`gw:session:{${ended.id}}`)
  await proxy.restore()
  await until(async () => await one.sessions.fromCookie(kept.cookieValue) !== null)
  t.equal(await one.sessions.fromCookie(ended.cookieValue), null)
  await until(() => one.store.changes.isHeard())
  t.equal(await one.sessions.fromCookie(ended.cookieValue), null)
  await believed(one.sessions, kept.cookieValue, redis)
})

for (const hole of ['a dead link', 'a paused Redis'] as const) {
  t.test(`${hole}: what was known is no longer believed, although no connection was closed`, async (t) => {
    const redis = await redisFor(t)
    const proxy = await startFaultProxy(redis.port)
    t.after(() => proxy.close())
    const one = await replica(t, proxy.port)
    const { cookieValue } = await usedOn(one, redis)
    if (hole === 'a dead link') proxy.swallow()
    else redis.pause()
    t.after(() => redis.resume())
    await until(() => !one.store.changes.isHeard())
    await t.rejects(async () => await one.sessions.fromCookie(cookieValue), SessionStoreUnavailable)
    if (hole === 'a dead link') await proxy.restore()
    else redis.resume()
    await until(async () => await one.sessions.fromCookie(cookieValue) !== null)
    await believed(one.sessions, cookieValue, redis)
  })
}

t.test('sessions of another prefix, and other keys, disturb nobody', async (t) => {
  const redis = await redisFor(t)
  const [one, other] = [await replica(t, redis.port), await replica(t, redis.port, { keyPrefix: 'other:' })]
  const { cookieValue, id } = await usedOn(one, redis)
  const before = await redis.calls('mget')
  await other.sessions.begin(sessionOf(Date.now()))
  await redis.client.mset(`other:session:{${id}}`, '1', `gw:lease:{${id}}`, '1', `session:{${id}}`, '1')
  // Told after all of these, as Redis tells in order.
  const told = new Promise<string>((resolve) => { one.store.changes.onChange(resolve) })
  await redis.client.set('gw:session:{last}', 'x')
  t.equal(await told, 'last')
  await one.sessions.fromCookie(cookieValue)
  t.equal(await redis.calls('mget'), before)
})

t.test('a Redis that refuses tracking: every request reads its session', async (t) => {
  const redis = await redisFor(t)
  await redis.client.acl('SETUSER', 'limited', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking')
  const one = await replica(t, redis.port, { login: 'limited:secret@' })
  const { cookieValue, opened } = await one.sessions.begin(sessionOf(Date.now()))
  const before = await redis.calls('mget')
  for (let request = 0; request < 10; request++) t.not(await one.sessions.fromCookie(cookieValue), null)
  t.equal(await redis.calls('mget'), before + 10)
  await redis.client.del(`gw:session:{${opened.ticket.id}}`)
  t.equal(await one.sessions.fromCookie(cookieValue), null)
})

t.test('a session that is known does not open for a ticket with another key', async (t) => {
  const redis = await redisFor(t)
  const one = await replica(t, redis.port)
  const seals = await createCookieSeals({ keys: [key], ticketMaxAgeMs: hour, transactionMaxAgeMs: hour })
  t.after(() => seals.close())
  const { cookieValue: ada } = await usedOn(one, redis)
  const { cookieValue: eve } = await usedOn(one, redis)
  const halves = { id: seals.ticket.open(ada)?.['id'] ?? '', key: seals.ticket.open(eve)?.['key'] ?? '' }
  t.equal(await one.sessions.fromCookie(seals.ticket.seal(halves)), null)
  t.not(await one.sessions.fromCookie(ada), null, 'and its owner keeps it')
})

t.test('two cookies of one session both end with it', async (t) => {
  const redis = await redisFor(t)
  const one = await replica(t, redis.port)
  const seals = await createCookieSeals({ keys: [key], ticketMaxAgeMs: hour, transactionMaxAgeMs: hour })
  t.after(() => seals.close())
  const { cookieValue, id } = await usedOn(one, redis)
  const again = seals.ticket.seal(seals.ticket.open(cookieValue) ?? {})
  t.not(again, cookieValue)
  await believed(one.sessions, again, redis)
  await one.sessions.fromCookie(cookieValue)
  await redis.client.del(`gw:session:{${id}}`)
  for (const value of [cookieValue, again]) await until(async () => await one.sessions.fromCookie(value) === null)
})

function cacheOf (limit: number, freshMs = hour) {
  const cache = createSessionCache({ changes: createMemoryStore().changes, limit, freshMs })
  const keep = (name: string): OpenSession => {
    const opened = { ticket: { id: `id of ${name}` } } as OpenSession
    const reading = cache.beginReading(opened.ticket.id)
    cache.keep(name, opened, reading)
    cache.endReading(reading)
    return opened
  }
  return { cache, keep }
}

t.test('however many sessions there are, no more than the limit are held; those in use stay', async (t) => {
  const { cache, keep } = cacheOf(100)
  const used = keep('used')
  for (let index = 0; index < 1_000; index++) {
    keep(`session ${index}`)
    t.equal(cache.fresh('used'), used)
  }
  const held = Array.from({ length: 1_000 }, (_value, index) => cache.known(`session ${index}`)).filter((opened) => opened !== null)
  t.equal(held.length, 99)
  t.not(cache.known('session 999'), null)
})

t.test('no session is believed for longer than its time, even if nothing is told', async (t) => {
  const { cache, keep } = cacheOf(100, 20)
  const opened = keep('one')
  t.equal(cache.known('one'), opened)
  await until(() => cache.fresh('one') === null)
  t.equal(keep('one'), cache.fresh('one'), 'confirmed, it is believed again')
})
