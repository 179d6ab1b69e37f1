import { stringify } from 'yaml'
import { variablesOf } from './environment.ts'
import type { LoadedConfig } from './load.ts'
import { isSecret, jsonSchema, keys, listItem, properties } from './outline.ts'
import { pathText } from './problems.ts'
import { isTree, valueAt, withValueAt } from './tree.ts'

type Node = typeof jsonSchema

const mask = '********'

/** The configuration in force as YAML, in the words of the file: every default is there, no secret is. */
export function describe ({ config, source }: LoadedConfig): string {
  const resolved = [
    { path: ['aihubmix', 'redirectUri'], value: config.aihubmix.redirectUri },
    { path: ['session', 'cookieName'], value: config.session.cookieName },
    { path: ['session', 'keys'], value: config.session.keys.map(() => mask) }
  ]
  const effective = resolved.reduce<unknown>((tree, { path, value }) => withValueAt(tree, path, value), effectiveValue(jsonSchema, source))
  return stringify(effective, { lineWidth: 0, aliasDuplicateObjects: false })
}

function effectiveValue (node: Node, written: unknown): unknown {
  const value = written ?? node.default
  if (isSecret(node)) return masked(value)
  if (Array.isArray(value)) return value.map((item) => effectiveValue(listItem(node) ?? {}, item))
  const children = Object.entries(properties(node))
  if (!isTree(value) || children.length === 0) return value
  return Object.fromEntries(children.flatMap(([name, child]) => {
    const inner = effectiveValue(child, valueAt(value, [name]))
    return inner === undefined ? [] : [[name, inner]]
  }))
}

function masked (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(() => mask)
  return value === undefined ? undefined : mask
}

/** One row of the reference page. */
export interface KeyReference {
  readonly key: string
  /** The names of its environment variables, ours first. */
  readonly variables: readonly string[]
  readonly default: unknown
  readonly description: string
}

/** Every key that a single value fills, with its environment variables. */
export function keyReference (): readonly KeyReference[] {
  return keys.map((key) => ({ key: pathText(key.path), variables: variablesOf(key), default: key.default, description: key.description }))
}
