import { z } from 'zod'

/** An exact decimal number: `units` divided by ten `places` times. Money is never a floating-point number here. */
export interface Decimal {
  /** As it was written. */
  readonly text: string
  readonly units: bigint
  readonly places: number
}

/** Reads digits with an optional sign and fraction; the caller has checked the text against a pattern of its own. */
export function toDecimal (text: string, plain = text): Decimal {
  const [whole = '', fraction = ''] = plain.split('.')
  return { text, units: BigInt(whole + fraction), places: fraction.length }
}

/** Whether `a` is less than `b`, exactly. */
export function isLess (a: Decimal, b: Decimal): boolean {
  const places = Math.max(a.places, b.places)
  return scaled(a, places) < scaled(b, places)
}

function scaled ({ units, places }: Decimal, to: number): bigint {
  return places === to ? units : units * 10n ** BigInt(to - places)
}

const expected = 'must be a decimal number in quotes, such as "0.01"'

/** An amount of money in quotes: YAML would read a bare one as a floating-point number. */
export const amount = z.string(expected)
  .regex(/^(?:0|[1-9]\d{0,14})(?:\.\d{1,12})?$/, expected)
  .transform((text) => toDecimal(text))
