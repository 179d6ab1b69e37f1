import type { Rule } from './rules.ts'
import type { Written } from './written.ts'

/**
 * What the schema knows and this version does not do. Ignored in silence, each would be a hole somebody relies on not
 * being there, so it is refused. Whoever builds one deletes its row.
 */
export const notYetRules: readonly Rule[] = []

/** The same for the keys of one route. */
export const notYetInRoutes: readonly NotYetInRoute[] = [
  { key: 'bearer', isUsed: (route) => route.bearer }
]

interface NotYetInRoute {
  readonly key: string
  readonly isUsed: (route: Written['routes'][number]) => boolean
}

/** Answers for a key of a route what is said of every key that is not built. */
export function notBuilt (key: string): string {
  return `is not built yet in this version: ${key} would have no effect; remove it`
}
