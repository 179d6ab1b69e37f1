import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Urgency } from '../aihubmix/call-budget.ts'
import type { AihubmixClient } from '../aihubmix/client.ts'
import { GrantRefused } from '../aihubmix/token-endpoint.ts'
import { GatewayError, InvalidAccessToken, InvalidGrant, SessionStoreUnavailable } from '../errors.ts'
import type { Identity, UserSession } from '../session/user-session.ts'
import type { OpenSession, UserSessions } from '../session/user-sessions.ts'
import type { SessionEnd } from '../telemetry/metrics.ts'
import { refreshAheadMs, type Due } from './due.ts'
import type { HeldLease } from './held-lease.ts'

interface RenewSessionOptions {
  readonly sessions: UserSessions
  readonly aihubmix: Pick<AihubmixClient, 'refreshTokenGrant' | 'userinfo'>
  readonly due: Due
  /** Told when a session is over: what it still holds open has to end. */
  readonly onOver: (sessionId: string, end: SessionEnd) => void
  readonly abandoned: AbortSignal
  readonly now: () => number
  readonly log: FastifyBaseLogger
}

/** Why a renewal runs. */
export interface How {
  /** The identity is read although it is not old yet. */
  readonly reread: boolean
  /** A request of the user asks for it; a connection that is merely open is no use of the session. */
  readonly isUse: boolean
}

/** What AIHubMix is asked for one session, and what its answers do to it. Whoever calls holds the session's lease. */
export interface RenewSession {
  /**
   * Refreshes the tokens and re-reads the identity as far as due. Null when the session is over.
   * @throws GatewayError when AIHubMix cannot be asked or answered something else: the session stays as it is
   * @throws LeaseLost when another may hold the lease by now
   */
  renewed (opened: OpenSession, how: How, lease: HeldLease): Promise<OpenSession | null>
  /** Saves what is new over whatever was saved meanwhile. Null when the session has ended. */
  saved (opened: OpenSession, news: Partial<Pick<UserSession, 'tokens' | 'identity' | 'topUp'>>): Promise<OpenSession | null>
}

/** One renewal on its way: what guards it, and how much it matters. */
interface RenewalAtWork {
  readonly lease: HeldLease
  readonly urgency: Urgency
}

const retrySaveMs = 100

/** Why a renewal ends a session, in the words of the log. */
const ends = {
  no_refresh_token: 'the access token ran out and there is no refresh token',
  invalid_grant: 'AIHubMix says invalid_grant',
  grant_refused: 'AIHubMix refused to renew',
  access_token_revoked: 'AIHubMix does not accept the access token: revoked',
  account_disabled: 'the account is disabled',
  provider_refused: 'AIHubMix refuses to say who the user is',
  user_changed: 'the user id behind the tokens changed'
} as const satisfies Partial<Record<SessionEnd, string>>

export function createRenewSession ({ sessions, aihubmix, due, onOver, abandoned, now, log }: RenewSessionOptions): RenewSession {
  async function renewed (given: OpenSession, { reread, isUse }: How, lease: HeldLease): Promise<OpenSession | null> {
    const opened = isUse ? { ...given, session: { ...given.session, lastSeenAt: now() } } : given
    const renewal = { lease, urgency: reread && due.need(opened.session) !== 'now' ? 'asked' : due.urgency(opened.session) } as const
    const isDue = due.refresh(opened.session.tokens)
    const current = isDue ? await withNewTokens(opened, renewal) : opened
    if (current === null) return null
    if (reread || due.identity(current.session)) return await withNewIdentity(current, isDue, renewal)
    return isUse && sessions.touchIsDue(given.session) ? await saved(current, {}) : current
  }

  async function withNewTokens (opened: OpenSession, { lease, urgency }: RenewalAtWork): Promise<OpenSession | null> {
    const { tokens } = opened.session
    const { refreshToken } = tokens
    if (refreshToken === null) return due.hasRunOut(tokens) ? await over(opened, 'no_refresh_token') : opened
    try {
      return await saved(opened, { tokens: await lease.spend(() => aihubmix.refreshTokenGrant(refreshToken, tokens.scope, urgency)) })
    } catch (error) {
      if (error instanceof InvalidGrant) return await over(opened, 'invalid_grant')
      if (error instanceof GrantRefused && due.hasRunOut(tokens)) return await over(opened, 'grant_refused')
      throw error // an outage is not a sign-out: the old access token serves while it lives
    }
  }

  /** C-63: on 401 refresh once, read once more, then the session is over. */
  async function withNewIdentity (opened: OpenSession, wasRefreshed: boolean, renewal: RenewalAtWork): Promise<OpenSession | null> {
    try {
      return await withIdentity(opened, await aihubmix.userinfo(opened.session.tokens, renewal.urgency))
    } catch (error) {
      if (error instanceof InvalidAccessToken) return await afterInvalidAccessToken(opened, wasRefreshed, error, renewal)
      if (error instanceof GatewayError && error.status === 403) return await over(opened, error.code === 'account_disabled' ? error.code : 'provider_refused')
      throw error
    }
  }

  async function afterInvalidAccessToken (opened: OpenSession, wasRefreshed: boolean, error: InvalidAccessToken, renewal: RenewalAtWork): Promise<OpenSession | null> {
    const { refreshToken, obtainedAt } = opened.session.tokens
    // A refusal that may mean anything, of a token that is new: refreshing for each would ask AIHubMix without end.
    const isNew = !error.isDefinite && now() - obtainedAt < refreshAheadMs
    if (!wasRefreshed && !isNew && refreshToken !== null) {
      const current = await withNewTokens(opened, renewal)
      if (current === null || current.session.tokens.accessToken !== opened.session.tokens.accessToken) {
        return current === null ? null : await withNewIdentity(current, true, renewal)
      }
    }
    if (!error.isDefinite) throw new GatewayError('provider_refused', { cause: error })
    return await over(opened, 'access_token_revoked')
  }

  async function withIdentity (opened: OpenSession, identity: Identity): Promise<OpenSession | null> {
    if (identity.id !== opened.session.identity.id) return await over(opened, 'user_changed')
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
        const done = await sessions.save(base, { ...base.session, ...news, lastSeenAt: Math.max(base.session.lastSeenAt, opened.session.lastSeenAt) })
        if (done !== null) return done
        const current = await sessions.read(opened.ticket)
        if (current === null) return null // signed out meanwhile: it stays so
        base = current
      } catch (error) {
        if (!(error instanceof SessionStoreUnavailable) || news.tokens === undefined || due.hasRunOut(news.tokens)) throw error
        await delay(retrySaveMs, undefined, { signal: abandoned })
      }
    }
  }

  /** Ends the session, unless another replica has saved a newer revision: then that one counts. */
  async function over (opened: OpenSession, end: keyof typeof ends): Promise<OpenSession | null> {
    if (!await sessions.endAsRead(opened)) return await sessions.read(opened.ticket)
    onOver(opened.ticket.id, end)
    log.info({ audit: 'session_over', user: opened.session.identity.id, end, reason: ends[end] }, 'session over')
    return null
  }

  return { renewed, saved }
}
