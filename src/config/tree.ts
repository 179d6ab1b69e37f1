import type { Path } from './outline.ts'

/** What a configuration file may be made of before it is validated. */
export type Tree = Readonly<Record<string, unknown>>

/** True for a plain object, whose keys can be walked. */
export function isTree (value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at `path`; undefined where there is none. */
export function valueAt (tree: unknown, path: Path): unknown {
  return path.reduce<unknown>((node, key) => isTree(node) && Object.hasOwn(node, key) ? node[String(key)] : undefined, tree)
}

/** A copy of `tree` with `value` at `path`. Where something other than an object stands in the way it stays, to be refused. */
export function withValueAt (tree: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (tree !== undefined && tree !== null && !isTree(tree)) return tree
  const node = tree ?? {}
  return { ...node, [key]: withValueAt(valueAt(node, [key]), rest, value) }
}

/** A copy of `tree` without the key at `path`. */
export function without (tree: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path
  if (key === undefined || !isTree(tree) || !Object.hasOwn(tree, key)) return tree
  const { [key]: value, ...others } = tree
  return rest.length === 0 ? others : { ...others, [key]: without(value, rest) }
}
