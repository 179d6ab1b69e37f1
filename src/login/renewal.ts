import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { AihubmixClient } from '../aihubmix/client.ts'
import { GrantRefused } from '../aihubmix/token-endpoint.ts'
import { GatewayError, InvalidAccessToken, InvalidGrant, SessionStoreUnavailable } from '../errors.ts'
import type { Identity, TokenSet, UserSession } from '../session/user-session.ts'
import type { OpenSession, UserSessions } from '../session/user-sessions.ts'

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
  /** The same with the identity read anew, as far as AIHubMix answers. */
  reread (opened: OpenSession): Promise<OpenSession | null>
  /** The user was led to top up: from now on the balance is re-read eagerly, until it changes or 10 minutes passed. */
  expectTopUp (opened: OpenSession): Promise<void>
  /** Resolves when no renewal runs any more. */
  settled (): Promise<void>
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
  readonly now: () => number
  readonly log: FastifyBaseLogger
}

const refreshAheadMs = 5 * 60_000
const pollMs = 100
/** After a failure, the session goes on with what it has this long before AIHubMix is asked again. */
const pauseAfterFailureMs = 5_000

const eagerMs = 2_000
const topUpMs = 10 * 60_000

type Need = 'none' | 'soon' | 'now'

/** 5 minutes before the end; a quarter of the life when that is short, or a 4-minute token would be refreshed for ever. */
export function refreshIsDue ({ obtainedAt, accessTokenExpiresAt }: TokenSet, now: number): boolean {
  return accessTokenExpiresAt - now <= Math.min(refreshAheadMs, (accessTokenExpiresAt - obtainedAt) / 4)
}

export function createRenewal (options: RenewalOptions): Renewal {
  const { sessions, aihubmix, identityMaxAgeMs, identityMaxStaleMs, waitMs, leaseMs = 5_000, now, log } = options
  const running = new Map<string, Promise<OpenSession | null>>()
  const paused = new Map<string, { readonly until: number, readonly error: GatewayError }>()

  const awaitsTopUp = ({ topUp, identity }: UserSession): boolean => topUp !== undefined && identity.balance === topUp.from && now() < topUp.until
  const identityIsDue = (session: UserSession): boolean =>
    now() - session.identity.readAt > (awaitsTopUp(session) ? Math.min(eagerMs, identityMaxAgeMs) : identityMaxAgeMs)
  const needOf = (session: UserSession): Need => {
    if (now() >= session.tokens.accessTokenExpiresAt || now() - session.identity.readAt > identityMaxStaleMs) return 'now'
    return refreshIsDue(session.tokens, now()) || identityIsDue(session) || sessions.touchIsDue(session) ? 'soon' : 'none'
  }

  /** One renewal per session in this process; the lease makes it one over all replicas. */
  function start (opened: OpenSession, reread = false): Promise<OpenSession | null> {
    const { id } = opened.ticket
    const pause = paused.get(id)
    if (pause !== undefined && pause.until > now()) return Promise.reject(pause.error)
    const existing = running.get(id)
    if (existing !== undefined) return existing
    const promise = underLease(opened, reread)
      .then((renewed) => { paused.delete(id); return renewed })
      .catch((error: unknown) => { throw pauseAfter(id, error) })
      .finally(() => running.delete(id))
    running.set(id, promise)
    return promise
  }

  function pauseAfter (id: string, error: unknown): unknown {
    if (error instanceof SessionStoreUnavailable || !(error instanceof GatewayError)) return error
    if (paused.size > 1_000) for (const [other, { until }] of paused) if (until <= now()) paused.delete(other)
    const pauseMs = Math.max(pauseAfterFailureMs, (error.retryAfterSeconds ?? 0) * 1000)
    paused.set(id, { until: now() + pauseMs, error })
    log.warn({ err: error, cause: error.cause }, 'a session could not be renewed; it goes on with what it has')
    return error
  }

  async function underLease (opened: OpenSession, reread: boolean): Promise<OpenSession | null> {
    const lease = await sessions.lease(opened.ticket, leaseMs)
    if (lease === null) return await renewedByAnother(opened, reread)
    const heartbeat = setInterval(() => { lease.renew().catch(() => {}) }, leaseMs / 3)
    try {
      const current = await sessions.read(opened.ticket)
      return current === null ? null : await renewed(current, reread)
    } finally {
      clearInterval(heartbeat)
      lease.release().catch(() => {}) // it ends by itself
    }
  }

  /** Another replica holds the lease: use what it writes; do not wait for what is not needed yet. */
  async function renewedByAnother (opened: OpenSession, reread: boolean): Promise<OpenSession | null> {
    if (!reread && needOf(opened.session) !== 'now') return opened
    await delay(pollMs)
    const current = await sessions.read(opened.ticket)
    if (current === null) return null
    const isDone = reread ? current.session.identity.readAt > opened.session.identity.readAt : needOf(current.session) !== 'now'
    return isDone ? current : await underLease(opened, reread)
  }

  async function renewed (opened: OpenSession, reread: boolean): Promise<OpenSession | null> {
    const isDue = refreshIsDue(opened.session.tokens, now())
    const current = isDue ? await withNewTokens(opened) : opened
    if (current === null) return null
    if (reread || identityIsDue(current.session)) return await withNewIdentity(current, isDue)
    return sessions.touchIsDue(current.session) ? await saved(current, {}) : current
  }

  async function withNewTokens (opened: OpenSession): Promise<OpenSession | null> {
    const { tokens } = opened.session
    if (tokens.refreshToken === null) return hasRunOut(tokens) ? await over(opened, 'the access token ran out and there is no refresh token') : opened
    try {
      return await saved(opened, { tokens: await aihubmix.refreshTokenGrant(tokens.refreshToken, tokens.scope) })
    } catch (error) {
      if (error instanceof InvalidGrant) return await over(opened, 'AIHubMix says invalid_grant')
      if (error instanceof GrantRefused && hasRunOut(tokens)) return await over(opened, 'AIHubMix refused to renew')
      throw error // an outage is not a sign-out: the old access token serves while it lives
    }
  }

  const hasRunOut = ({ accessTokenExpiresAt }: TokenSet): boolean => now() >= accessTokenExpiresAt

  /** C-63: on 401 refresh once, read once more, then the session is over. */
  async function withNewIdentity (opened: OpenSession, wasRefreshed: boolean): Promise<OpenSession | null> {
    try {
      return await withIdentity(opened, await aihubmix.userinfo(opened.session.tokens))
    } catch (error) {
      if (error instanceof InvalidAccessToken) return await afterInvalidAccessToken(opened, wasRefreshed, error)
      if (error instanceof GatewayError && error.status === 403) return await over(opened, error.code)
      throw error
    }
  }

  async function afterInvalidAccessToken (opened: OpenSession, wasRefreshed: boolean, error: InvalidAccessToken): Promise<OpenSession | null> {
    const { refreshToken, obtainedAt } = opened.session.tokens
    // A refusal that may mean anything, of a token that is new: refreshing for each would ask AIHubMix without end.
    const isNew = !error.isDefinite && now() - obtainedAt < refreshAheadMs
    if (!wasRefreshed && !isNew && refreshToken !== null) {
      const current = await withNewTokens(opened)
      if (current === null || current.session.tokens.accessToken !== opened.session.tokens.accessToken) {
        return current === null ? null : await withNewIdentity(current, true)
      }
    }
    if (!error.isDefinite) throw new GatewayError('provider_refused', { cause: error })
    return await over(opened, 'AIHubMix does not accept the access token: revoked')
  }

  async function withIdentity (opened: OpenSession, identity: Identity): Promise<OpenSession | null> {
    if (identity.id !== opened.session.identity.id) return await over(opened, 'the user id behind the tokens changed')
    return await saved(opened, { identity })
  }

  /**
   * Saves what is new over whatever else was saved meanwhile. New tokens are kept trying while they live: the old refresh
   * token is spent, so a store that is away for a moment must not cost the session.
   */
  async function saved (opened: OpenSession, news: Partial<Pick<UserSession, 'tokens' | 'identity' | 'topUp'>>): Promise<OpenSession | null> {
    let base = opened
    for (;;) {
      try {
        const done = await sessions.save(base, { ...base.session, ...news, lastSeenAt: now() })
        if (done !== null) return done
        const current = await sessions.read(opened.ticket)
        if (current === null) return null // signed out meanwhile: it stays so
        base = current
      } catch (error) {
        if (!(error instanceof SessionStoreUnavailable) || news.tokens === undefined || hasRunOut(news.tokens)) throw error
        await delay(pollMs)
      }
    }
  }

  /** Ends the session, unless another replica has saved a newer revision: then that one counts. */
  async function over (opened: OpenSession, reason: string): Promise<OpenSession | null> {
    if (!await sessions.endAsRead(opened)) return await sessions.read(opened.ticket)
    log.info({ audit: 'session_over', user: opened.session.identity.id, reason }, 'session over')
    return null
  }

  /** Waits for the renewal; a second time when the one that ran was begun for something else. */
  async function needed (opened: OpenSession, isSecondTime = false): Promise<OpenSession | null> {
    const waited = await Promise.race([start(opened), delay(waitMs, 'too long' as const, { ref: false })])
    if (waited === 'too long') throw new GatewayError('renewal_unavailable', { retryAfterSeconds: 10 })
    if (waited === null || needOf(waited.session) !== 'now') return waited
    if (isSecondTime) throw new GatewayError('renewal_unavailable', { retryAfterSeconds: 10 })
    return await needed(waited, true)
  }

  return {
    upToDate (opened) {
      const need = needOf(opened.session)
      if (need === 'now') return needed(opened).catch(asRenewalUnavailable)
      if (need === 'soon') start(opened).catch(() => {}) // logged where it failed
      return opened
    },
    atHand (opened) {
      const need = needOf(opened.session)
      if (need !== 'none') start(opened).catch(() => {}) // logged where it failed
      return need === 'now' ? null : opened
    },
    async reread (opened) {
      const askedAt = now()
      const current = await start(opened, true)
      return current === null || current.session.identity.readAt >= askedAt ? current : await start(current, true)
    },
    async expectTopUp (opened) {
      await saved(opened, { topUp: { from: opened.session.identity.balance, until: now() + topUpMs } })
    },
    async settled () {
      await Promise.allSettled(running.values())
    }
  }
}

function asRenewalUnavailable (error: unknown): never {
  if (!(error instanceof GatewayError) || error.status < 500 || error instanceof SessionStoreUnavailable) throw error
  throw new GatewayError('renewal_unavailable', { cause: error, retryAfterSeconds: error.retryAfterSeconds ?? 10 })
}
