import { GatewayError } from '../errors.ts'
import type { Admission } from './admission.ts'
import { balanceTooLow } from './low-balance.ts'

/** The answer to a decision that is none to pass or to sign in; it leaves a line in the audit and is counted. */
export type Refusal = (request: Refused, admission: Admission, route: string) => GatewayError

interface Refused {
  readonly id: string
  readonly trail: { readonly user: string | null, readonly route: string | null }
}

interface RefusalOptions {
  readonly log: { info (what: object, message: string): void }
  readonly metrics: { route (name: string): { denied (): void, lowBalance (): void } }
  readonly now: () => number
}

/** One for every door. Which rule it was is for the log alone. */
export function createRefusal ({ log, metrics, now }: RefusalOptions): Refusal {
  return (request, { decision, user }, route) => {
    if (decision.outcome === 'top-up') {
      metrics.route(route).lowBalance()
      logDenial(request, 'minBalance')
      return balanceTooLow(decision, user, now())
    }
    const rule = decision.outcome === 'deny' ? decision.rule : decision.outcome
    metrics.route(route).denied()
    logDenial(request, rule)
    return new GatewayError('access_denied', { cause: new Error(rule) })
  }

  function logDenial ({ id, trail: { user, route } }: Refused, rule: string): void {
    log.info({ audit: 'denied', id, user, route, rule }, 'denied')
  }
}
