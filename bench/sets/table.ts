/** A table in Markdown; the first column is text, the others are figures. */
export function table (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, column) => column === 0 ? '---' : '---:')), ...rows.map(line)].join('\n')
}

export function median (numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return ((sorted[middle] ?? NaN) + (sorted[sorted.length - 1 - middle] ?? NaN)) / 2
}

export function percentile (numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/** Median, and in brackets the least and the most. */
export function medianAndRange (numbers: readonly number[], digits = 1): string {
  return `${median(numbers).toFixed(digits)} (${Math.min(...numbers).toFixed(digits)}–${Math.max(...numbers).toFixed(digits)})`
}

/** The median of the rounds' own ratios, since both sides met the same noise; nothing when there is nobody to compare with. */
export function ratio (own: readonly number[], others: readonly number[] | undefined): string {
  if (others === undefined) return ''
  return median(own.map((number, round) => number / (others[round] ?? NaN))).toFixed(2)
}
