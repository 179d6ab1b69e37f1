import { CallSpared, AuthorizationServerUnavailable } from '../errors.ts'
import { createCallBudget, type Urgency } from './call-budget.ts'
import { createCircuit, type CallOutcome, type Circuit } from './circuit.ts'
import { TooManyCalls } from './exchange.ts'

/** The endpoints of AIHubMix that fail by themselves. */
export type Endpoint = 'token' | 'userinfo' | 'topup'

/** Calls AIHubMix as often as it can bear, and no oftener. */
export interface Sparing {
  /**
   * Makes the call, or spares AIHubMix it. `more` calls are kept free in the budget for what follows at once.
   * @throws CallSpared when it was not made: nothing was sent
   */
  call<Answer> (endpoint: Endpoint, urgency: Urgency, send: () => Promise<Answer>, more?: number): Promise<Answer>
}

interface SparingOptions {
  readonly budget: { readonly requests: number, readonly window: number }
  readonly now: () => number
  /** At least 0, less than 1; `Math.random` unless given. */
  readonly random?: () => number
  readonly log: SparingLog
}

/** What pino offers of it. */
export interface SparingLog {
  info (details: object, message: string): void
  warn (details: object, message: string): void
}

const secondsOf = (ms: number): number => Math.ceil(ms / 1000)

export function createSparing ({ budget: { requests, window: windowMs }, now, random = Math.random, log }: SparingOptions): Sparing {
  const budget = createCallBudget({ requests, windowMs, now })
  const circuitOf = (endpoint: Endpoint): Circuit => createCircuit({
    now,
    random,
    onChange: (openForMs) => openForMs === null
      ? log.info({ endpoint }, 'AIHubMix answers again')
      : log.warn({ endpoint, seconds: secondsOf(openForMs) }, 'AIHubMix does not answer, or has had too many calls: it is left alone for a while')
  })
  const circuits: Readonly<Record<Endpoint, Circuit>> = { token: circuitOf('token'), userinfo: circuitOf('userinfo'), topup: circuitOf('topup') }
  let saidAt = -Infinity

  function spend (urgency: Urgency, more: number): void {
    const waitMs = budget.take(urgency, more)
    if (waitMs === 0) return
    if (now() - saidAt > windowMs) {
      saidAt = now()
      log.warn({ requests, windowSeconds: secondsOf(windowMs), urgency }, 'aihubmix.budget has no call left for this: what is known of users is re-read less often')
    }
    throw new CallSpared('provider_busy', secondsOf(waitMs))
  }

  return {
    async call (endpoint, urgency, send, more = 0) {
      const circuit = circuits[endpoint]
      const refusal = circuit.refusal(urgency)
      if (refusal !== null) throw new CallSpared(refusal.trouble === 'busy' ? 'provider_busy' : 'provider_unavailable', secondsOf(refusal.waitMs))
      spend(urgency, more)
      const noted = circuit.begin()
      try {
        const answer = await send()
        noted('answered')
        return answer
      } catch (error) {
        noted(outcomeOf(error))
        throw error
      }
    }
  }
}

/** An answer that cannot be used is an answer: it says nothing about how many calls AIHubMix bears. */
function outcomeOf (error: unknown): CallOutcome {
  if (error instanceof TooManyCalls) return { tooManyForMs: error.toldSeconds === null ? null : error.toldSeconds * 1000 }
  return error instanceof AuthorizationServerUnavailable ? 'unanswered' : 'answered'
}
