import type { Written } from './written.ts'

/** What is wrong at one place of a configuration whose keys are valid one by one. */
export interface Finding {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** How several keys must fit together. It runs when all of `needs` are valid by themselves, so it may trust their types. */
export interface Rule {
  readonly needs: readonly string[]
  readonly find: (config: Written) => readonly Finding[]
}

/** A finding as the list that a rule answers. */
export function found (path: string, message: string): readonly Finding[] {
  return [{ path: path.split('.'), message }]
}
