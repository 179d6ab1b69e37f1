/**
 * How much a call matters when calls have to be saved. A sign-in goes before what a request waits for, that before what somebody asked
 * for anew although it is known, and that before background work, which is a number from 0 to 1: how near it is to being waited for.
 */
export type Urgency = 'sign-in' | 'awaited' | 'asked' | number

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

/** Of the budget, what all calls together may use up before one of each kind is made: the rest is kept for who is more urgent. */
const awaitedShare = 0.9
const leastBackgroundShare = 0.45
const moreWhenUrgent = 0.35
/** What strangers, and people who ask in a loop, could use up at will: so much, and no session waits for them (decision 0066). */
const ownShares: ReadonlyMap<Urgency, number> = new Map([['sign-in', 0.5], ['asked', 0.2]])
/** A sign-in is two calls. */
const leastOfAKind = 2
/** Background work is spread: not more than twice its even part of the budget in a tenth of the window. */
const slices = 10
const leastInSlice = 10

export function createCallBudget ({ requests, windowMs, now }: CallBudgetOptions): CallBudget {
  const all = createCalls({ now, windowMs })
  const own = new Map(Array.from(ownShares, ([kind, share]) => [kind, { calls: createCalls({ now, windowMs }), most: Math.max(leastOfAKind, Math.floor(requests * share)) }]))

  return {
    take (urgency, more = 0) {
      const share = shareOf(urgency)
      const kind = own.get(urgency)
      const waitMs = Math.max(
        all.waitFor(Math.max(1, Math.floor(requests * share) - more), windowMs),
        typeof urgency === 'number' ? all.waitFor(Math.max(leastInSlice, Math.floor(2 * requests * share / slices)), windowMs / slices) : 0,
        kind === undefined ? 0 : kind.calls.waitFor(Math.max(1, kind.most - more), windowMs)
      )
      if (waitMs > 0) return waitMs
      all.add()
      kind?.calls.add()
      return 0
    }
  }
}

/** The times of the calls of one window. */
function createCalls ({ now, windowMs }: Pick<CallBudgetOptions, 'now' | 'windowMs'>) {
  let times: number[] = []
  return {
    add (): void { times.push(now()) },
    /** How long until there were fewer than `most` in the last `spanMs`. */
    waitFor (most: number, spanMs: number): number {
      times = times.slice(firstAfter(times, now() - windowMs))
      const since = now() - spanMs
      const recent = times.length - firstAfter(times, since)
      return recent < most ? 0 : Math.max(1, (times[times.length - most] ?? 0) - since)
    }
  }
}

function shareOf (urgency: Urgency): number {
  if (urgency === 'sign-in') return 1
  return typeof urgency !== 'number' ? awaitedShare : leastBackgroundShare + moreWhenUrgent * Math.min(1, Math.max(0, urgency))
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
