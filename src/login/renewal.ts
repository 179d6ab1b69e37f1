import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { AihubmixClient } from '../aihubmix/client.ts'
import { CallSpared, GatewayError, SessionStoreUnavailable } from '../errors.ts'
import type { OpenSession, UserSessions } from '../session/user-sessions.ts'
import type { SessionEnd } from '../telemetry/metrics.ts'
import { createDue, eagerMs, topUpMs } from './due.ts'
import { heldLease, LeaseLost } from './held-lease.ts'
import { createRenewSession, type How } from './renew-session.ts'

/**
 * Keeps tokens and identity of a session up to date: one renewal per session at a time over all replicas, so a refresh token
 * is spent once. A renewal belongs to no request: it goes on when the one that began it is gone.
 */
export interface Renewal {
  /**
   * Returns at once what may be used as it is, and begins what is due in the background. Waits only when the access token
   * has run out or the identity is older than `maxStale`. Null when the session is over.
   * @throws GatewayError renewal_unavailable when AIHubMix cannot renew a session that needs it; the session stays
   */
  upToDate (opened: OpenSession): OpenSession | Promise<OpenSession | null>
  /** The same without waiting: null when what is needed is not at hand yet. */
  atHand (opened: OpenSession): OpenSession | null
  /** Something is held open in the session's name: whether its user is still allowed is asked now and then, in the background. */
  watch (opened: OpenSession): void
  /** The same with the identity read anew, as far as AIHubMix answers. */
  reread (opened: OpenSession): Promise<OpenSession | null>
  /**
   * The same unless the identity was read just now; waits a moment only, and goes on with what is known when AIHubMix gives no
   * answer in it. Null when the session is over.
   */
  freshened (opened: OpenSession): Promise<OpenSession | null>
  /** The user was led to top up: from now on the balance is re-read eagerly, until it changes or 10 minutes passed. */
  expectTopUp (opened: OpenSession): Promise<void>
  /** Resolves when no renewal runs any more. */
  settled (): Promise<void>
  /** What still runs gives up: the process ends. */
  abandon (): void
}

interface RenewalOptions {
  readonly sessions: UserSessions
  readonly aihubmix: Pick<AihubmixClient, 'refreshTokenGrant' | 'userinfo'>
  /** epoch ms ages, see configuration `identity` */
  readonly identityMaxAgeMs: number
  readonly identityMaxStaleMs: number
  /** How long a request waits for a renewal it cannot do without. */
  readonly waitMs: number
  /** How long a replica that was killed in a renewal keeps the others from it; one that lives renews its lease. */
  readonly leaseMs?: number
  /** The longest AIHubMix may take to answer a refresh. */
  readonly refreshTimeoutMs: number
  /** Told when a session is over. */
  readonly onOver?: (sessionId: string, end: SessionEnd) => void
  /** Told how long a request waited for a renewal it could not do without. */
  readonly onWaited?: (ms: number) => void
  readonly now: () => number
  readonly log: FastifyBaseLogger
}

/** What a renewal is begun for: a request that waits for it, somebody who asks anew, or nobody in particular. */
type Reason = 'awaited' | 'asked' | 'background'

/** Why a session is not renewed just now, how long, and what it was to be renewed for. */
interface Pause {
  readonly until: number
  readonly error: GatewayError
  readonly reason: Reason
}

const pollMs = 100
/** After a failure, the session goes on with what it has this long before AIHubMix is asked again. */
const pauseAfterFailureMs = 5_000
const jitterMs = 1_000
/** How long a person waits for a balance that was read just now. */
const freshenMs = 3_000
/** How old the identity behind an open connection may be, when nothing asks for it more often. */
const watchedMs = 45_000

export function createRenewal (options: RenewalOptions): Renewal {
  const { sessions, waitMs, leaseMs = 5_000, refreshTimeoutMs, onWaited, now, log } = options
  const abandoned = new AbortController()
  const due = createDue({ ...options, touchIsDue: sessions.touchIsDue })
  const { renewed, saved } = createRenewSession({ onOver () {}, ...options, due, abandoned: abandoned.signal })
  const running = new Map<string, Promise<OpenSession | null>>()
  const paused = new Map<string, Pause>()

  /** One renewal per session in this process; the lease makes it one over all replicas. */
  function start (opened: OpenSession, how: How = { reread: false, isUse: true }): Promise<OpenSession | null> {
    const { id } = opened.ticket
    const pause = paused.get(id)
    if (pause !== undefined && pause.until > now() && !mayTryAgain(pause, reasonFor(opened, how))) return Promise.reject(pause.error)
    const existing = running.get(id)
    if (existing !== undefined) return existing
    const promise = underLease(opened, how)
      .then((renewed) => { paused.delete(id); return renewed })
      .catch((error: unknown) => { throw pauseAfter(opened, reasonFor(opened, how), error) })
      .finally(() => running.delete(id))
    running.set(id, promise)
    return promise
  }

  function reasonFor ({ session }: OpenSession, { reread }: How): Reason {
    if (due.need(session) === 'now') return 'awaited'
    return reread ? 'asked' : 'background'
  }

  /** A call that was spared for one reason may be there for another: each has its share. What a request waits for has the largest. */
  function mayTryAgain ({ error, reason }: Pause, reasonNow: Reason): boolean {
    return error instanceof CallSpared && reason !== 'awaited' && reason !== reasonNow
  }

  function pauseAfter (opened: OpenSession, reason: Reason, error: unknown): unknown {
    const { ticket: { id }, session } = opened
    if (error instanceof SessionStoreUnavailable || !(error instanceof GatewayError)) return error
    if (paused.size > 1_000) for (const [other, { until }] of paused) if (until <= now()) paused.delete(other)
    const isSpared = error instanceof CallSpared // said once for all sessions, where it was decided
    const pauseMs = Math.max(pauseAfterFailureMs, isSpared ? 0 : (error.retryAfterSeconds ?? 0) * 1000)
    // Jitter: what failed together must not come back together.
    paused.set(id, { until: now() + pauseMs + Math.random() * jitterMs, error, reason })
    if (isSpared) log.debug({ code: error.code }, 'a session is renewed later')
    else log.warn({ audit: 'renewal_failed', user: session.identity.id, code: error.code, err: error }, 'a session could not be renewed; it goes on with what it has')
    return error
  }

  async function underLease (opened: OpenSession, how: How): Promise<OpenSession | null> {
    const taken = await sessions.lease(opened.ticket, leaseMs)
    if (taken === null) return await renewedByAnother(opened, how)
    const lease = heldLease(taken, { leaseMs, callMs: refreshTimeoutMs })
    try {
      const current = await sessions.read(opened.ticket)
      return current === null ? null : await renewed(current, how, lease)
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error
      await delay(pollMs) // nothing was spent: whoever holds it now renews
      return await underLease(opened, how)
    } finally {
      lease.release()
    }
  }

  /** Another replica holds the lease: use what it writes; do not wait for what is not needed yet. */
  async function renewedByAnother (opened: OpenSession, how: How): Promise<OpenSession | null> {
    if (!how.reread && due.need(opened.session) !== 'now') return opened
    await delay(pollMs)
    const current = await sessions.read(opened.ticket)
    if (current === null) return null
    const isDone = how.reread ? current.session.identity.readAt > opened.session.identity.readAt : due.need(current.session) !== 'now'
    return isDone ? current : await underLease(opened, how)
  }

  /** Waits for the renewal; a second time when the one that ran was begun for something else. */
  async function needed (opened: OpenSession, isSecondTime = false): Promise<OpenSession | null> {
    const waited = await Promise.race([start(opened).catch((error: unknown) => goodEnough(opened, error)), delay(waitMs, 'too long' as const, { ref: false })])
    if (waited === 'too long') throw new GatewayError('renewal_unavailable', { retryAfterSeconds: 10 })
    if (waited === null || due.need(waited.session) !== 'now') return waited
    if (isSecondTime) throw new GatewayError('renewal_unavailable', { retryAfterSeconds: 10 })
    return await needed(waited, true)
  }

  /** A renewal may fail in its second half: what its first half has saved can be all that was needed. */
  async function goodEnough (opened: OpenSession, error: unknown): Promise<OpenSession | null> {
    if (error instanceof SessionStoreUnavailable) throw error
    const current = await sessions.read(opened.ticket)
    if (current !== null && due.need(current.session) === 'now') throw error
    return current
  }

  async function reread (opened: OpenSession): Promise<OpenSession | null> {
    const askedAt = now()
    const current = await start(opened, { reread: true, isUse: true })
    return current === null || current.session.identity.readAt >= askedAt ? current : await start(current, { reread: true, isUse: true })
  }

  return {
    upToDate (opened) {
      const need = due.need(opened.session)
      if (need === 'now') {
        const beganAt = performance.now()
        return needed(opened).catch(asRenewalUnavailable).finally(() => onWaited?.(performance.now() - beganAt))
      }
      if (need === 'soon') start(opened).catch(() => {}) // logged where it failed
      return opened
    },
    atHand (opened) {
      const need = due.need(opened.session)
      if (need !== 'none') start(opened).catch(() => {}) // logged where it failed
      return need === 'now' ? null : opened
    },
    watch (opened) {
      const isOld = due.identity(opened.session) && now() - opened.session.identity.readAt > watchedMs
      if (isOld || due.refresh(opened.session.tokens)) start(opened, { reread: false, isUse: false }).catch(() => {}) // logged where it failed
    },
    reread,
    async freshened (opened) {
      if (now() - opened.session.identity.readAt < eagerMs) return opened
      const asked = reread(opened).catch(() => opened) // logged where it failed
      return await Promise.race([asked, delay(Math.min(waitMs, freshenMs), opened, { ref: false })])
    },
    async expectTopUp (opened) {
      await saved({ ...opened, session: { ...opened.session, lastSeenAt: now() } }, { topUp: { from: opened.session.identity.balance, until: now() + topUpMs } })
    },
    async settled () {
      await Promise.allSettled(running.values())
    },
    abandon () { abandoned.abort() }
  }
}

function asRenewalUnavailable (error: unknown): never {
  if (!(error instanceof GatewayError) || error instanceof SessionStoreUnavailable) throw error
  throw new GatewayError('renewal_unavailable', { cause: error, retryAfterSeconds: error.retryAfterSeconds ?? 10 })
}
