/** AIHubMix's clock. Every expiry of the emulator reads it, so two hours pass in no time. */
export interface Clock {
  /** Epoch milliseconds by AIHubMix's own clock. */
  now (): number
  /** The clients' time: the same without any skew. */
  trueNow (): number
  /** Adds a skew that is asked for each time the clock is read: the faults in force say it. */
  alsoSkewedBy (skewMs: () => number): void
  /** Moves on, by milliseconds or a text such as `'1h56m'`; backwards with a minus sign. */
  advance (by: string | number): void
  /** Stands still from now on; `advance` still moves it. */
  freeze (): void
  /** Runs ahead of (or, negative, behind) the clients' clocks by this much; a second call replaces the first. */
  skew (by: string | number): void
  reset (): void
}

const unitMs = new Map([['ms', 1], ['s', 1000], ['m', 60_000], ['h', 3_600_000], ['d', 86_400_000]])

/** Milliseconds of `'2h'`, `'1h56m'`, `'-10m'`, `'250ms'` or a plain number. Throws a RangeError on anything else. */
export function durationMs (text: string | number): number {
  if (typeof text === 'number') return text
  const [, sign, parts] = /^(-?)((?:\d+(?:ms|s|m|h|d))+)$/.exec(text) ?? []
  if (parts === undefined) throw new RangeError(`"${text}" is no duration. Write it like 2h, 1h56m, 90s or 250ms.`)
  let sumMs = 0
  for (const [, amount, unit = ''] of parts.matchAll(/(\d+)(ms|s|m|h|d)/g)) sumMs += Number(amount) * (unitMs.get(unit) ?? 0)
  return sign === '-' ? -sumMs : sumMs
}

export function createClock (systemNow: () => number): Clock {
  let advancedMs = 0
  let skewMs = 0
  let frozenAt: number | null = null
  let moreSkewMs = (): number => 0
  const trueNow = (): number => (frozenAt ?? systemNow()) + advancedMs
  return {
    trueNow,
    now: () => trueNow() + skewMs + moreSkewMs(),
    alsoSkewedBy (given) { moreSkewMs = given },
    advance (by) { advancedMs += durationMs(by) },
    freeze () { frozenAt ??= systemNow() },
    skew (by) { skewMs = durationMs(by) },
    reset () {
      advancedMs = 0
      skewMs = 0
      frozenAt = null
    }
  }
}
