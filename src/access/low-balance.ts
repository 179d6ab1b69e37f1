import { BalanceTooLow, GatewayError } from '../errors.ts'
import type { TopUp, UserSession } from '../session/user-session.ts'
import type { Decision } from './decide.ts'

/** What the app and the client are told of a balance the route warns of; a client's own copy never passes. */
export const lowBalanceHeader = 'X-User-Balance-Low'

/** How long after its end a wait for a top-up that was not seen is still spoken of. */
const rememberedMs = 24 * 3_600_000
const awaitedMs = 10 * 60_000

/** The answer to a decision to top up: what is known, and whether a top-up is on its way. */
export function balanceTooLow ({ minBalance }: Extract<Decision, { outcome: 'top-up' }>, user: UserSession | null, now: number): GatewayError {
  if (user === null) return new GatewayError('login_required')
  const { identity, topUp } = user
  return new BalanceTooLow({
    balance: identity.balance,
    minBalance: minBalance.text,
    ageSeconds: Math.max(0, Math.floor((now - identity.readAt) / 1000)),
    ...topUpState(topUp, identity.balance, now)
  })
}

/** Each look comes a tenth of the wait later than the one before: after 3 seconds at first, a minute at last. */
function topUpState (topUp: TopUp | undefined, balance: string | null, now: number): Pick<BalanceTooLow, 'topUp' | 'retryAfterSeconds'> {
  if (topUp === undefined || topUp.from !== balance || now > topUp.until + rememberedMs) return { topUp: 'none', retryAfterSeconds: null }
  if (now >= topUp.until) return { topUp: 'late', retryAfterSeconds: null }
  return { topUp: 'awaited', retryAfterSeconds: Math.max(3, Math.ceil((now - (topUp.until - awaitedMs)) / 10_000)) }
}
