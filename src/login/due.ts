import type { Urgency } from '../aihubmix/call-budget.ts'
import type { TokenSet, UserSession } from '../session/user-session.ts'

/** `soon` is done in the background, `now` before the session may be used. */
type Need = 'none' | 'soon' | 'now'

/** What of a session has to be renewed, and how urgently. */
export interface Due {
  need (session: UserSession): Need
  refresh (tokens: TokenSet): boolean
  identity (session: UserSession): boolean
  hasRunOut (tokens: TokenSet): boolean
  /** How much a renewal of this session matters: how near it is to being waited for. */
  urgency (session: UserSession): Urgency
}

interface DueOptions {
  /** Ages, see the configuration's `identity`. */
  readonly identityMaxAgeMs: number
  readonly identityMaxStaleMs: number
  readonly touchIsDue: (session: UserSession) => boolean
  readonly now: () => number
}

export const refreshAheadMs = 5 * 60_000
/** How old the identity may be when a top-up begins to be awaited, and where somebody is turned away for a low balance. */
export const eagerMs = 2_000
/** How long after a top-up its credit is looked for. */
export const topUpMs = 10 * 60_000
/** Who signed in together is not refreshed together: up to this part of the time ahead, a refresh comes earlier. */
const mostSpread = 0.05
/** Each reading comes this much of the wait later than the one before: 2 s apart at first, a minute at last. */
const backOff = 0.1

export function createDue ({ identityMaxAgeMs, identityMaxStaleMs, touchIsDue, now }: DueOptions): Due {
  const maxAgeMs = ({ topUp, identity }: UserSession): number => {
    if (topUp === undefined || identity.balance !== topUp.from || now() >= topUp.until) return identityMaxAgeMs
    return Math.min(identityMaxAgeMs, Math.max(eagerMs, (now() - (topUp.until - topUpMs)) * backOff))
  }

  const due: Due = {
    need (session) {
      if (due.hasRunOut(session.tokens) || now() - session.identity.readAt > identityMaxStaleMs) return 'now'
      return due.refresh(session.tokens) || due.identity(session) || touchIsDue(session) ? 'soon' : 'none'
    },
    /** 5 minutes before the end; a quarter of the life when that is short, or a 4-minute token would be refreshed for ever. */
    refresh ({ accessToken, obtainedAt, accessTokenExpiresAt }) {
      const aheadMs = Math.min(refreshAheadMs, (accessTokenExpiresAt - obtainedAt) / 4)
      const leftMs = accessTokenExpiresAt - now()
      if (leftMs > aheadMs * (1 + mostSpread)) return false // nearly every request: the spread is not even asked for
      return leftMs <= aheadMs * (1 + mostSpread * spreadOf(accessToken))
    },
    identity: (session) => now() - session.identity.readAt > maxAgeMs(session),
    hasRunOut: ({ accessTokenExpiresAt }) => now() >= accessTokenExpiresAt,
    urgency (session) {
      if (due.need(session) === 'now') return 'awaited'
      const staleMs = now() - session.identity.readAt - identityMaxAgeMs
      const left = (session.tokens.accessTokenExpiresAt - now()) / refreshAheadMs
      return Math.max(0, staleMs / Math.max(1, identityMaxStaleMs - identityMaxAgeMs), due.refresh(session.tokens) ? 1 - left : 0)
    }
  }
  return due
}

/** A number from 0 to 1 that is the same for one token in every process, and as good as random over many: they end in a signature. */
function spreadOf (accessToken: string): number {
  return Array.from(accessToken.slice(-8)).reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) % 1_009, 0) / 1_009
}
