import { countedAs } from '../access/client-address.ts'
import { GatewayError } from '../errors.ts'

/** Limits how many tokens that nobody has seen before AIHubMix is asked about: it counts calls by address, and all of ours are one. */
export interface Strangers {
  /**
   * Counts one, before AIHubMix is asked, so that many at once do not slip through. Returns how to give it back: for a token that is good.
   * @throws GatewayError too_many_requests when there were too many from this address, provider_busy when there were in all
   */
  enter (address: string): () => void
}

interface StrangersOptions {
  readonly budget: { readonly requests: number, readonly window: number }
  readonly now: () => number
}

const windowMs = 60_000
const mostPerAddress = 20
/** Of what AIHubMix bears: the rest is for people who sign in, and for who is known. */
const shareOfBudget = 1 / 3

/** Of the addresses of one window there are never more than tokens were let in. */
export function createStrangers ({ budget, now }: StrangersOptions): Strangers {
  const mostInAll = Math.max(1, Math.floor(budget.requests * windowMs / budget.window * shareOfBudget))
  let perAddress = new Map<string, number>()
  let inAll = 0
  let endsAt = -Infinity

  function beginWindow (): void {
    perAddress = new Map()
    inAll = 0
    endsAt = now() + windowMs
  }

  return {
    enter (address) {
      if (now() >= endsAt) beginWindow()
      const retryAfterSeconds = Math.ceil((endsAt - now()) / 1000)
      const counts = perAddress
      const line = countedAs(address)
      const count = counts.get(line) ?? 0
      if (count >= mostPerAddress) throw new GatewayError('too_many_requests', { cause: new Error('unknown tokens of this address'), retryAfterSeconds })
      if (inAll >= mostInAll) throw new GatewayError('provider_busy', { cause: new Error('unknown tokens in all'), retryAfterSeconds })
      counts.set(line, count + 1)
      inAll++
      return () => {
        if (counts !== perAddress) return // counted in a window that is over
        counts.set(line, (counts.get(line) ?? 1) - 1)
        inAll--
      }
    }
  }
}
