import t, { type Test } from 'tap'
import { createCookieSeals } from '../../src/session/plugin.ts'
import { createRedisStore } from '../../src/session/redis-store.ts'
import { createUserSessions, type UserSessions } from '../../src/session/user-sessions.ts'
import { navigation, sessionCookie } from '../login/attempt.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { startRedis, type TestRedis } from '../rig/redis.ts'
import { startReplicaProcesses } from '../rig/replica-process.ts'
import { app, sessionKey } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

const minute = 60_000
const month = 30 * 24 * 60 * minute

async function redisOf (t: Test): Promise<TestRedis> {
  const redis = await startRedis()
  t.after(() => redis.close())
  return redis
}

t.test('refreshes that time out, before three processes: 503 on each once the token has run out, then all serve again; invalid_grant ends the session on each (T-109)', async (t) => {
  const { url } = await redisOf(t)
  const { replicas, emulator, newBrowser, advance } = await startReplicaProcesses(t, { redis: { url }, timeout: '500ms' })
  const ada = newBrowser()
  await ada.signIn()
  const everywhere = () => Promise.all(replicas.map(({ url }) => ada.via(url).fetch('/a', { headers: navigation })))
  emulator.faults.set({ kind: 'rotation', args: { mode: 'off' } })
  emulator.faults.set({ kind: 'hang', endpoint: 'refresh_token' })
  await advance(121 * minute)
  for (const { status, headers, setCookies } of await everywhere()) {
    t.equal(status, 503)
    t.ok(Number(headers['retry-after']) > 0)
    t.strictSame(setCookies, [])
  }
  emulator.faults.clear()
  emulator.faults.set({ kind: 'omit_refresh_token', endpoint: 'refresh_token' })
  emulator.faults.set({ kind: 'expires_in', endpoint: 'refresh_token', args: { value: 0 } })
  await until(async () => {
    await advance(90_000)
    return (await everywhere()).every(({ status }) => status === 200)
  }, 20_000)
  t.equal(emulator.count('authorization_code'), 1, 'nobody had to sign in')
  emulator.faults.clear()
  emulator.grants.revoke('user123')
  await advance(121 * minute)
  t.strictSame((await everywhere()).map(({ status }) => status), [302, 302, 302], 'invalid_grant ends it on each')
})

async function sessionsIn (t: Test, redis: TestRedis): Promise<UserSessions> {
  const store = createRedisStore({ place: { url: redis.url }, keyPrefix: `aihubmix:${app.clientId}:`, commandTimeoutMs: 1_000 })
  const seals = await createCookieSeals({ keys: [Buffer.from(sessionKey, 'base64')], ticketMaxAgeMs: month, transactionMaxAgeMs: minute })
  t.after(() => Promise.all([store.close(), seals.close()]))
  return createUserSessions({ store, ticketSeal: seals.ticket, maxAgeMs: month, idleTimeoutMs: month, now: Date.now })
}

async function openedBy (sessions: UserSessions, browser: TestBrowser) {
  const opened = await sessions.fromCookie(browser.cookies.get(sessionCookie) ?? '')
  if (opened === null) throw new Error('no session')
  return opened
}

t.test('the refresh token of somebody else, forced into a session: it ends, and no process gives either user to the app (T-110)', async (t) => {
  const redis = await redisOf(t)
  const { replicas, emulator, upstream, newBrowser, advance } = await startReplicaProcesses(t, { redis: { url: redis.url }, identity: { maxAge: '30s', maxStale: '20h' } })
  const [ada, rich] = [newBrowser(), newBrowser()]
  await ada.signIn()
  await rich.signIn('rich')
  const sessions = await sessionsIn(t, redis)
  const [adas, richs] = [await openedBy(sessions, ada), await openedBy(sessions, rich)]
  t.not(adas.session.identity.id, richs.session.identity.id)
  t.ok(await sessions.save(adas, { ...adas.session, tokens: { ...adas.session.tokens, refreshToken: richs.session.tokens.refreshToken } }))
  const seen = upstream.seen.length
  await advance(121 * minute)
  const answers = await Promise.all(replicas.map(({ url }) => ada.via(url).fetch('/a', { headers: navigation })))
  t.strictSame(answers.map(({ status }) => status), [302, 302, 302])
  t.equal(emulator.count('refresh_token'), 1)
  t.equal(upstream.seen.length, seen)
})
