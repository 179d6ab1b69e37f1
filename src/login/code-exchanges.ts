import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { countedAs } from '../access/client-address.ts'
import { AuthorizationServerUnavailable, CallSpared, GatewayError } from '../errors.ts'
import type { Identity } from '../session/user-session.ts'

/**
 * Bounds how many codes that are no good one client may have us show to AIHubMix. A sign-in can be begun by anybody and be answered with
 * a made-up code, and each such code is a call that everybody else's sign-in then lacks (F-51, decision 0066).
 */
export interface CodeExchanges {
  /**
   * Makes the exchange of a client at this address. It counts until it has brought somebody who signs in: many people may share one
   * address.
   * @throws GatewayError too_many_requests before anything is sent
   */
  by<Answer extends { readonly identity: Identity }> (address: string, exchange: () => Promise<Answer>): Promise<Answer>
}

/** Of `aihubmix.budget`, what one client can use up with codes that are no good; sign-ins together have half of it. */
const shareOfBudget = 0.1
/** Small budgets are for trying things out. */
const leastExchanges = 5
/** Who has an account can make good codes as well: so often in a window they count for nothing. */
const signInsOfOne = 5
/** When so many are under way, some will have ended. */
const soonSeconds = 2

/** Counts in this process, as the budget does. */
export function createCodeExchanges ({ requests, window: windowMs }: { readonly requests: number, readonly window: number }): CodeExchanges {
  const duration = Math.ceil(windowMs / 1000)
  const most = Math.max(leastExchanges, Math.floor(requests * shareOfBudget))
  const perClient = new RateLimiterMemory({ points: most, duration })
  const perUser = new RateLimiterMemory({ points: signInsOfOne, duration })
  const underWay = new Map<string, number>()

  function begin (client: string): void {
    underWay.set(client, (underWay.get(client) ?? 0) + 1)
  }

  function end (client: string): void {
    const left = (underWay.get(client) ?? 1) - 1
    if (left > 0) underWay.set(client, left)
    else underWay.delete(client)
  }

  /** Who is turned away does not count: a crowd that was too large for a moment would be out for the whole window. */
  async function refused (client: string, refusal: unknown): Promise<never> {
    if (!(refusal instanceof RateLimiterRes)) throw refusal
    const { consumedPoints } = await perClient.reward(client)
    const failed = consumedPoints - (underWay.get(client) ?? 0)
    const retryAfterSeconds = failed < most ? soonSeconds : Math.max(1, Math.ceil(refusal.msBeforeNext / 1000))
    throw new GatewayError('too_many_requests', { cause: new Error('sign-ins of this client that came to nothing, or are under way'), retryAfterSeconds })
  }

  return {
    async by (address, exchange) {
      const client = countedAs(address)
      await perClient.consume(client).catch(async (refusal: unknown) => await refused(client, refusal))
      begin(client)
      try {
        const answer = await exchange()
        if (await perUser.consume(answer.identity.id).then(() => true, () => false)) await perClient.reward(client)
        return answer
      } catch (error) {
        // Nothing was sent, or nothing came back: that says nothing about the code.
        if (error instanceof CallSpared || error instanceof AuthorizationServerUnavailable) await perClient.reward(client)
        throw error
      } finally {
        end(client)
      }
    }
  }
}
