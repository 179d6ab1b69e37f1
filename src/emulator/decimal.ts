/** Adds two plain decimals exactly, keeping the longer fraction: `750.00` + `10` is `760.00`. Throws a RangeError on other texts. */
export function addDecimals (left: string, right: string): string {
  const places = Math.max(fractionOf(left).length, fractionOf(right).length)
  return written(scaled(left, places) + scaled(right, places), places)
}

/** `amount` divided by `unit`, cut to `places` decimals, as one-api prints quota. */
export function divideToDecimal (amount: bigint, unit: bigint, places: number): string {
  return written(amount * 10n ** BigInt(places) / unit, places)
}

function fractionOf (decimal: string): string {
  const match = /^-?\d+(?:\.(\d+))?$/.exec(decimal)
  if (match === null) throw new RangeError(`"${decimal}" is no plain decimal`)
  return match[1] ?? ''
}

function scaled (decimal: string, places: number): bigint {
  const fraction = fractionOf(decimal)
  return BigInt(decimal.replace('.', '')) * 10n ** BigInt(places - fraction.length)
}

function written (value: bigint, places: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, '0')
  const whole = digits.slice(0, digits.length - places)
  const fraction = places === 0 ? '' : `.${digits.slice(-places)}`
  return `${value < 0n ? '-' : ''}${whole}${fraction}`
}
