import { z } from 'zod'

const millisecondsPerUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const bytesPerUnit = { B: 1, KB: 1_000, MB: 1_000_000, GB: 1_000_000_000, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const

/** Above this many milliseconds a Node timer fires at once instead of late (it counts in 32 bits). */
const longestTimerMs = 2_147_483_647

interface Range { readonly atLeast?: number }

/** A span of time as `500ms`, `30s`, `5m`, `2h` or `30d`; milliseconds once read. A bare number is refused. */
export function duration (range: Range = {}) {
  return measure(millisecondsPerUnit, 'needs a unit: write a time such as 500ms, 30s, 5m, 2h or 30d', range)
}

/** A `duration` that a timer waits for, so it ends where Node's timers end: at 24 days. */
export function timer (range: Range = {}) {
  return duration(range).refine((ms) => ms <= longestTimerMs, 'is longer than a timer can wait; the most is 24d')
}

/** A number of bytes as `512B`, `32KiB` or `10MB`; bytes once read. A bare number is refused. */
export function size (range: Range = {}) {
  return measure(bytesPerUnit, 'needs a unit: write a size such as 512B, 32KiB or 10MB', range)
}

function measure (perUnit: Readonly<Record<string, number>>, expected: string, { atLeast = 0 }: Range) {
  const pattern = new RegExp(`^\\d{1,15}(?:${Object.keys(perUnit).join('|')})$`)
  return z.string({ error: ({ input }) => input === undefined ? undefined : expected })
    .regex(pattern, expected)
    .transform((text) => Number.parseInt(text, 10) * (perUnit[text.replace(/^\d+/, '')] ?? Number.NaN))
    .refine((amount) => Number.isSafeInteger(amount), 'is too large')
    .refine((amount) => amount >= atLeast, atLeast === 1 ? 'must be more than nothing' : 'is too small')
}
