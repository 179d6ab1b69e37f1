import { toDecimal, type Decimal } from '../config/decimal.ts'

/** What AIHubMix and its relatives were seen to write around the number (V-28); every other sign makes it unreadable. */
const written = /^(?<outer>[-+\u2212]?)(?:US\$|[$\uff04\u00a5\uffe5\u20ac\u00a3])?\s?(?<inner>[-+\u2212]?)(?<whole>\d+|\d{1,3}(?:,\d{3})+)(?<fraction>\.\d+)?(?:\s?(?:USD|CNY|\u984d\u5ea6|\u989d\u5ea6))?$/u

/**
 * Reads a `balance_formatted` exactly, sign, thousands separators and currency mark included. Null for what is not surely one
 * number (`1e9`, `1.234,56`): it counts as not known, never as 0.
 */
export function readBalance (text: string): Decimal | null {
  const { outer = '', inner = '', whole = '', fraction = '' } = written.exec(text)?.groups ?? {}
  if (whole === '' || (outer !== '' && inner !== '')) return null
  const sign = outer + inner === '' || outer + inner === '+' ? '' : '-'
  return toDecimal(text, `${sign}${whole.replaceAll(',', '')}${fraction}`)
}
