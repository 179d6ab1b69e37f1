/** What went wrong in a soak, by its words: every one has to be explained. */
export interface Errors {
  add (what: string): void
  total (): number
  /** One line a kind, most frequent first. */
  summary (): readonly string[]
}

export function createErrors (): Errors {
  const counts = new Map<string, number>()
  return {
    add (what) { counts.set(what, (counts.get(what) ?? 0) + 1) },
    total: () => Array.from(counts.values()).reduce((sum, count) => sum + count, 0),
    summary: () => Array.from(counts).sort(([, a], [, b]) => b - a).map(([what, count]) => `${count} × ${what}`)
  }
}
