import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createMemoryStore } from '../../src/session/memory-store.ts'
import { createCookieSeals } from '../../src/session/plugin.ts'
import { createRedisStore } from '../../src/session/redis-store.ts'
import { createUserSessions } from '../../src/session/user-sessions.ts'
import { startRedis } from '../rig/redis.ts'
import { until } from '../rig/until.ts'
import { sessionOf } from './session-of.ts'

const hour = 3_600_000
const startedAt = 1_700_000_000_000

async function sessionsFor (t: Test, { keys = [randomBytes(32)], maxAgeMs = 24 * hour, idleTimeoutMs = hour, world = { nowMs: startedAt }, storeForgetsNothing = false, store: given = createMemoryStore(() => storeForgetsNothing ? 0 : world.nowMs) } = {}) {
  const seals = await createCookieSeals({ keys, ticketMaxAgeMs: maxAgeMs, transactionMaxAgeMs: hour })
  t.after(() => seals.close())
  const sessions = createUserSessions({ store: given, ticketSeal: seals.ticket, maxAgeMs, idleTimeoutMs, now: () => world.nowMs })
  return { sessions, world, store: given }
}

t.test('a session is found by its cookie value, and by no part of it', async (t) => {
  const { sessions } = await sessionsFor(t)
  const { cookieValue, opened } = await sessions.begin(sessionOf(startedAt))
  t.strictSame((await sessions.fromCookie(cookieValue))?.session, opened.session)
  t.equal(await sessions.fromCookie(cookieValue.slice(0, -4)), null)
})

t.test('each beginning gives another id and another key, for the same user too (T-97)', async (t) => {
  const { sessions } = await sessionsFor(t)
  const begun = await Promise.all(Array.from({ length: 20 }, () => sessions.begin(sessionOf(startedAt))))
  t.equal(new Set(begun.map(({ opened }) => opened.ticket.id)).size, 20)
  t.equal(new Set(begun.map(({ opened }) => opened.ticket.key.export().toString('hex'))).size, 20)
  t.equal(new Set(begun.map(({ cookieValue }) => cookieValue)).size, 20)
})

t.test('a session ends with its absolute life, however much it is used (T-95)', async (t) => {
  for (const storeForgetsNothing of [false, true]) {
    const { sessions, world } = await sessionsFor(t, { maxAgeMs: 3 * hour, storeForgetsNothing })
    const { cookieValue, opened } = await sessions.begin(sessionOf(startedAt))
    let current = opened
    for (let used = 0; used < 5; used++) {
      world.nowMs += hour / 2
      const saved = await sessions.save(current, { ...current.session, lastSeenAt: world.nowMs })
      if (saved === null) throw new Error('could not be saved')
      current = saved
      t.not(await sessions.fromCookie(cookieValue), null)
    }
    world.nowMs = startedAt + 3 * hour
    t.equal(await sessions.fromCookie(cookieValue), null)
    t.equal(await sessions.save(current, current.session), null, 'nor is it saved any more')
  }
})

t.test('a session ends when it was not used for its idle life (T-95)', async (t) => {
  for (const storeForgetsNothing of [false, true]) {
    const { sessions, world } = await sessionsFor(t, { storeForgetsNothing })
    const { cookieValue } = await sessions.begin(sessionOf(startedAt))
    world.nowMs += hour - 1
    t.not(await sessions.fromCookie(cookieValue), null)
    world.nowMs += 1
    t.equal(await sessions.fromCookie(cookieValue), null)
  }
})

t.test('the idle life is written on before it ends, and not at every request', async (t) => {
  const { sessions, world } = await sessionsFor(t)
  const session = sessionOf(startedAt)
  t.equal(sessions.touchIsDue(session), false)
  world.nowMs += hour / 5
  t.equal(sessions.touchIsDue(session), true)
})

t.test('a save over a newer revision is refused, and the newer one stays', async (t) => {
  const { sessions } = await sessionsFor(t)
  const { cookieValue, opened } = await sessions.begin(sessionOf(startedAt))
  const newer = await sessions.save(opened, { ...opened.session, tokens: { ...opened.session.tokens, refreshToken: 'newer' } })
  t.not(newer, null)
  t.equal(await sessions.save(opened, { ...opened.session, tokens: { ...opened.session.tokens, refreshToken: 'late' } }), null)
  t.equal(await sessions.endAsRead(opened), false, 'nor does a late ending end it')
  t.equal((await sessions.fromCookie(cookieValue))?.session.tokens.refreshToken, 'newer')
})

t.test('a session that was signed out never comes back by a late save', async (t) => {
  const { sessions } = await sessionsFor(t)
  const { cookieValue, opened } = await sessions.begin(sessionOf(startedAt))
  await sessions.end(opened)
  t.equal(await sessions.save(opened, opened.session), null)
  t.equal(await sessions.fromCookie(cookieValue), null)
})

t.test('after a key rotation an old cookie still finds its session (S-22)', async (t) => {
  const [oldKey, newKey] = [randomBytes(32), randomBytes(32)]
  const before = await sessionsFor(t, { keys: [oldKey] })
  const { cookieValue } = await before.sessions.begin(sessionOf(startedAt))
  const during = await sessionsFor(t, { keys: [newKey, oldKey], store: before.store })
  t.equal((await during.sessions.fromCookie(cookieValue))?.session.identity.id, '12345')
  const after = await sessionsFor(t, { keys: [newKey], store: before.store })
  t.equal(await after.sessions.fromCookie(cookieValue), null)
})

t.test('one half of two cookies makes no session: the id of one user with the key of another', async (t) => {
  const key = randomBytes(32)
  const seals = await createCookieSeals({ keys: [key], ticketMaxAgeMs: hour, transactionMaxAgeMs: hour })
  t.after(() => seals.close())
  const { sessions } = await sessionsFor(t, { keys: [key] })
  const [ada, eve] = await Promise.all([sessions.begin(sessionOf(startedAt)), sessions.begin(sessionOf(startedAt))])
  const halves = { id: seals.ticket.open(ada.cookieValue)?.['id'] ?? '', key: seals.ticket.open(eve.cookieValue)?.['key'] ?? '' }
  t.equal(await sessions.fromCookie(seals.ticket.seal(halves)), null)
  for (const odd of [{ id: halves.id }, { key: halves.key }, {}, { id: '', key: '' }, { id: halves.id, key: 'short' }]) {
    t.equal(await sessions.fromCookie(seals.ticket.seal(odd)), null, JSON.stringify(Object.keys(odd)))
  }
})

t.test('Redis lets go of a session by itself when its idle life ends (T-95)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const store = createRedisStore({ place: { url: redis.url }, keyPrefix: 'gw:', commandTimeoutMs: 1_000 })
  t.after(() => store.close())
  const { sessions } = await sessionsFor(t, { store, idleTimeoutMs: 300 })
  await sessions.begin(sessionOf(startedAt))
  t.equal((await redis.client.keys('gw:session:*')).length, 1)
  await until(async () => (await redis.client.keys('gw:session:*')).length === 0)
})

t.test('neither the cookie alone nor a dump of Redis alone gives a token away (T-96, S-22)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const store = createRedisStore({ place: { url: redis.url }, keyPrefix: 'gw:', commandTimeoutMs: 1_000 })
  t.after(() => store.close())
  const key = randomBytes(32)
  const { sessions } = await sessionsFor(t, { store, keys: [key] })
  const seals = await createCookieSeals({ keys: [key], ticketMaxAgeMs: hour, transactionMaxAgeMs: hour })
  t.after(() => seals.close())

  const { cookieValue } = await sessions.begin(sessionOf(startedAt))
  const inCookie = seals.ticket.open(cookieValue) ?? {}
  t.strictSame(Object.keys(inCookie).toSorted(), ['id', 'key'], 'even opened, the cookie holds a name and a key')
  const names = await redis.client.keys('*')
  t.equal(names.length, 2, 'the session, and the list of its user\'s')
  const values = await Promise.all(names.map(async (name) => (await redis.client.type(name)) === 'hash' ? JSON.stringify(await redis.client.hgetall(name)) : (await redis.client.getBuffer(name))?.toString('latin1')))
  const dump = `${names.join(' ')} ${values.join(' ')}`
  for (const secret of ['access-token', 'refresh-token', inCookie['id'], inCookie['key'], Buffer.from(inCookie['key'] ?? '', 'base64url').toString('latin1'), cookieValue]) {
    t.notOk(dump.includes(secret ?? ''), 'not in the dump')
  }
})
