/**
 * How much a call matters when calls have to be saved. A sign-in goes before what a request waits for, and that before background
 * work, which is a number from 0 to 1: how near it is to being waited for.
 */
export type Urgency = 'sign-in' | 'awaited' | number

/**
 * How often AIHubMix may be called: it limits by address, and one gateway is one address for all its users (F-50, F-51). In no window
 * of the configured length are there more calls than configured.
 */
export interface CallBudget {
  /**
   * Takes one call if there is one for so urgent a call; `more` are kept free behind it, for what has to follow at once. Answers how
   * many milliseconds to wait, 0 when the call was taken.
   */
  take (urgency: Urgency, more?: number): number
}

interface CallBudgetOptions {
  readonly requests: number
  readonly windowMs: number
  readonly now: () => number
}

/** Of the budget, what calls of each kind may use at most: the rest is kept for who is more urgent. */
const awaitedShare = 0.9
const leastBackgroundShare = 0.45
const moreWhenUrgent = 0.35
/** Background work is spread: not more than twice its even part of the budget in a tenth of the window. */
const slices = 10
const leastInSlice = 10

export function createCallBudget ({ requests, windowMs, now }: CallBudgetOptions): CallBudget {
  let calls: number[] = []

  const waitFor = (most: number, spanMs: number): number => {
    const since = now() - spanMs
    const recent = calls.length - firstAfter(calls, since)
    return recent < most ? 0 : Math.max(1, (calls[calls.length - most] ?? 0) - since)
  }

  return {
    take (urgency, more = 0) {
      calls = calls.slice(firstAfter(calls, now() - windowMs))
      const share = shareOf(urgency)
      const wait = waitFor(Math.max(1, Math.floor(requests * share) - more), windowMs)
      const spread = typeof urgency === 'number' ? waitFor(Math.max(leastInSlice, Math.floor(2 * requests * share / slices)), windowMs / slices) : 0
      const waitMs = Math.max(wait, spread)
      if (waitMs === 0) calls.push(now())
      return waitMs
    }
  }
}

function shareOf (urgency: Urgency): number {
  if (urgency === 'sign-in') return 1
  return urgency === 'awaited' ? awaitedShare : leastBackgroundShare + moreWhenUrgent * Math.min(1, Math.max(0, urgency))
}

/** The index of the first time that lies after `since`, in an ascending list. */
function firstAfter (times: readonly number[], since: number): number {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? 0) > since) high = middle
    else low = middle + 1
  }
  return low
}
