import type { Histogram, LabelValues } from '@prometheus-io/client'

/** Takes values under labels that are fixed. */
export interface Observed {
  observe (value: number): void
}

/** What the package keeps of one set of labels. Its types do not tell of it. */
interface Kept {
  sum: number
  count: number
  readonly bucketValues: Record<string, number>
}

/**
 * The histogram's child of these labels. The package's own builds a key of the labels and looks it up with every value, which is most of
 * what a value costs; this one holds what the key leads to. Where another version of the package keeps it otherwise, its own child serves.
 */
export function boundHistogram<Label extends string> (histogram: Histogram<Label>, labels: LabelValues<Label>): Observed {
  if (keptOf(histogram, labels) === null) histogram.zero(labels) // it would forget what was counted
  const kept = keptOf(histogram, labels)
  const bounds = kept === null ? [] : Object.keys(kept.bucketValues).toSorted((one, other) => Number(one) - Number(other))
  if (kept === null || bounds.length === 0) return { observe: (value) => { histogram.observe(labels, value) } }
  const limits = bounds.map(Number)
  return {
    observe (value) {
      kept.sum += value
      kept.count++
      let index = 0
      while (index < limits.length && value > (limits[index] ?? Infinity)) index++
      const bound = bounds[index]
      if (bound !== undefined) kept.bucketValues[bound] = (kept.bucketValues[bound] ?? 0) + 1
    }
  }
}

function keptOf (histogram: object, labels: object): Kept | null {
  if (!('store' in histogram) || !isStore(histogram.store)) return null
  const kept = histogram.store.entry(labels)
  return isKept(kept) ? kept : null
}

function isStore (store: unknown): store is { entry (labels: object): unknown } {
  return typeof store === 'object' && store !== null && 'entry' in store && typeof store.entry === 'function'
}

function isKept (kept: unknown): kept is Kept {
  return typeof kept === 'object' && kept !== null && 'sum' in kept && 'count' in kept && 'bucketValues' in kept
}
