import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pino from 'pino'
import t, { type Test } from 'tap'
import { InvalidGrant, SessionStoreUnavailable } from '../../src/errors.ts'
import { heldLease } from '../../src/login/held-lease.ts'
import { createRenewal } from '../../src/login/renewal.ts'
import { createMemoryStore } from '../../src/session/memory-store.ts'
import { createCookieSeals } from '../../src/session/plugin.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { createUserSessions } from '../../src/session/user-sessions.ts'
import { sessionOf } from '../session/session-of.ts'

const hour = 3_600_000

interface ReplicasOptions {
  readonly store?: SessionStore
  readonly leaseMs?: number
  readonly providerMs?: number
}

/** Two replicas over one store, before an AIHubMix that takes its time and spends every refresh token once. */
async function replicas (t: Test, { store = createMemoryStore(), leaseMs = 5_000, providerMs = 0 }: ReplicasOptions = {}) {
  const seals = await createCookieSeals({ keys: [randomBytes(32)], ticketMaxAgeMs: 30 * 24 * hour, transactionMaxAgeMs: hour })
  t.after(() => seals.close())
  const startedAt = Date.now()
  const now = (): number => startedAt + 2 * hour
  const spent: string[] = []
  const identity = { ...sessionOf(startedAt).identity, readAt: now() }
  const aihubmix = {
    async refreshTokenGrant (refreshToken: string) {
      const isReused = spent.includes(refreshToken)
      spent.push(refreshToken)
      await delay(providerMs)
      if (isReused) throw new InvalidGrant(new Error('used before'))
      return { accessToken: 'new', refreshToken: `refresh-${spent.length}`, obtainedAt: now(), accessTokenExpiresAt: now() + 2 * hour, scope: [] }
    },
    userinfo: async () => identity
  }
  const sessions = createUserSessions({ store, ticketSeal: seals.ticket, maxAgeMs: 30 * 24 * hour, idleTimeoutMs: 24 * hour, now })
  const { opened } = await sessions.begin(sessionOf(startedAt))
  const replica = () => createRenewal({ sessions, aihubmix, identityMaxAgeMs: hour, identityMaxStaleMs: 24 * hour, waitMs: 5_000, leaseMs, refreshTimeoutMs: 5_000, now, log: pino({ level: 'silent' }) })
  return { first: replica(), second: replica(), opened, spent, sessions }
}

t.test('a refresh that takes longer than the lease keeps its lease by renewing it (T-106)', async (t) => {
  const { first, second, opened, spent } = await replicas(t, { leaseMs: 150, providerMs: 700 })
  const renewed = await Promise.all([first.upToDate(opened), second.upToDate(opened)])
  t.strictSame(renewed.map((current) => current?.session.tokens.accessToken), ['new', 'new'])
  t.strictSame(spent, ['refresh-token'])
})

t.test('a lease whose holder was killed keeps the others no longer than its time (T-107)', async (t) => {
  const store = createMemoryStore()
  const { first, opened, spent } = await replicas(t, { store, leaseMs: 200 })
  await store.lease(opened.ticket.id, 200) // and never renewed
  t.equal((await first.upToDate(opened))?.session.tokens.accessToken, 'new')
  t.strictSame(spent, ['refresh-token'])
})

t.test('who reads the session before a refresh and gets the lease after it does not refresh again', async (t) => {
  const { first, second, opened, spent } = await replicas(t)
  await first.upToDate(opened)
  t.equal((await second.upToDate(opened))?.session.tokens.accessToken, 'new')
  t.strictSame(spent, ['refresh-token'])
})

t.test('the loser of a race never ends the session: invalid_grant with a newer save is no sign-out', async (t) => {
  const plain = createMemoryStore()
  const noLease: SessionStore = { ...plain, lease: async () => ({ renew: async () => true, release: async () => {} }) }
  const { first, second, opened, spent, sessions } = await replicas(t, { store: noLease, providerMs: 50 })
  const early = Promise.resolve(first.upToDate(opened))
  const late = Promise.resolve(second.upToDate(opened))
  t.equal((await early)?.session.tokens.accessToken, 'new')
  t.equal((await late)?.session.tokens.accessToken, 'new')
  t.equal(spent.length, 2, 'both asked, so the second one was refused')
  t.equal((await sessions.read(opened.ticket))?.session.tokens.accessToken, 'new')
})

t.test('new tokens are kept while the store is away, and saved when it is back', async (t) => {
  const plain = createMemoryStore()
  let failures = 0
  const flaky: SessionStore = {
    ...plain,
    async replace (...args) {
      if (failures++ < 3) throw new SessionStoreUnavailable(new Error('away'))
      return await plain.replace(...args)
    }
  }
  const { first, opened, spent, sessions } = await replicas(t, { store: flaky })
  t.equal((await first.upToDate(opened))?.session.tokens.accessToken, 'new')
  t.equal((await sessions.read(opened.ticket))?.session.tokens.accessToken, 'new')
  t.ok(failures > 3)
  t.strictSame(spent, ['refresh-token'])
})

t.test('a save whose answer was lost is not taken for a sign-out', async (t) => {
  const plain = createMemoryStore()
  let isLost = true
  const lossy: SessionStore = {
    ...plain,
    async replace (...args) {
      const done = await plain.replace(...args)
      if (isLost) {
        isLost = false
        throw new SessionStoreUnavailable(new Error('the answer was lost'))
      }
      return done
    }
  }
  const { first, opened } = await replicas(t, { store: lossy })
  t.equal((await first.upToDate(opened))?.session.tokens.accessToken, 'new')
})

t.test('a session that was signed out while its refresh ran stays signed out', async (t) => {
  const store = createMemoryStore()
  const { first, opened, sessions } = await replicas(t, { store, providerMs: 100 })
  const running = Promise.resolve(first.upToDate(opened))
  await sessions.end(opened)
  t.equal(await running, null)
  t.equal(await sessions.read(opened.ticket), null)
})

t.test('a holder that cannot renew its lease while AIHubMix takes its time is not overtaken: the lease was confirmed for the whole call (T-106)', async (t) => {
  const plain = createMemoryStore()
  let renewals = 0
  const cutOff: SessionStore = {
    ...plain,
    async lease (id, ttlMs) {
      const lease = await plain.lease(id, ttlMs)
      return lease === null ? null : { ...lease, renew: async (forMs) => ++renewals === 1 ? await lease.renew(forMs) : await Promise.reject(new SessionStoreUnavailable(null)) }
    }
  }
  const { first, second, opened, spent } = await replicas(t, { store: cutOff, leaseMs: 100, providerMs: 700 })
  const renewed = await Promise.all([first.upToDate(opened), second.upToDate(opened)])
  t.strictSame(renewed.map((current) => current?.session.tokens.accessToken), ['new', 'new'])
  t.strictSame(spent, ['refresh-token'])
})

t.test('a holder that has lost its lease before it asks AIHubMix does not ask, and uses what the next one brings', async (t) => {
  const plain = createMemoryStore()
  let leases = 0
  const losing: SessionStore = {
    ...plain,
    async lease (id, ttlMs) {
      const lease = await plain.lease(id, ttlMs)
      if (lease === null || ++leases > 1) return lease
      return { ...lease, async renew () { await lease.release(); return false } } // it ran out while this process stood still
    }
  }
  const { first, second, opened, spent } = await replicas(t, { store: losing, providerMs: 50 })
  const renewed = await Promise.all([first.upToDate(opened), second.upToDate(opened)])
  t.strictSame(renewed.map((current) => current?.session.tokens.accessToken), ['new', 'new'])
  t.strictSame(spent, ['refresh-token'])
})

t.test('a process that stood still between confirming its lease and asking AIHubMix does not ask', async (t) => {
  let clockMs = 0
  const lease = await createMemoryStore().lease('id', 60_000)
  if (lease === null) throw new Error('no lease')
  const held = heldLease({ ...lease, async renew () { clockMs += 60_000; return true } }, { leaseMs: 60_000, callMs: 1_000, clock: () => clockMs })
  t.after(() => held.release())
  let asked = 0
  await t.rejects(held.spend(async () => { asked++ }), { message: 'the lease was confirmed too long ago' })
  t.equal(asked, 0)
})
