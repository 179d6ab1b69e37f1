/** The candidate a misspelt name was most likely meant to be; null when none is close. Case, `_` and `-` count for nothing. */
export function nearest (name: string, candidates: readonly string[]): string | null {
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(plain(name), plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(Math.min(name.length, candidate.length) / 2)))
    .sort((a, b) => a.distance - b.distance)
  return best?.candidate ?? null
}

function plain (name: string): string {
  return name.slice(0, 80).toLowerCase().replaceAll(/[_-]/g, '')
}

/** Damerau-Levenshtein distance, restricted: two neighbouring letters swapped are one mistake. */
function editDistance (a: string, b: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        swapped ? at(beforeLast, j - 2) + 1 : Infinity
      )
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at (row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
