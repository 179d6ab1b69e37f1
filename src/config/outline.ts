import { z } from 'zod'
import { configSchema } from './schema.ts'

type Node = z.core.JSONSchema.BaseSchema

/** Where a value stands: keys and, within lists, indexes. */
export type Path = readonly PropertyKey[]

/** One key that a single value fills, so that an environment variable can hold it. */
export interface Key {
  readonly path: readonly string[]
  /** How the text of an environment variable is read. */
  readonly reads: 'text' | 'boolean' | 'number' | 'list' | 'pairs'
  readonly secret: boolean
  readonly default: unknown
  readonly description: string
}

/** JSON Schema of the configuration file. Nothing is required in it: the environment can fill in what the file leaves out. */
export const jsonSchema: Node = z.toJSONSchema(configSchema, {
  io: 'input',
  target: 'draft-7',
  override: ({ jsonSchema: node }) => { delete node.required }
})

/** Every key outside lists of objects, in the order of the schema. */
export const keys: readonly Key[] = keysBelow(jsonSchema, [])

/** The node of the JSON Schema that describes `path`; null where the schema knows nothing. */
export function nodeAt (path: Path): Node | null {
  let node: Node | null = jsonSchema
  for (const segment of path) {
    if (node === null) return null
    node = typeof segment === 'number' ? listItem(node) : asNode(properties(node)[String(segment)])
  }
  return node
}

/** The keys that may stand in an object described by `node`, null being no object of fixed keys. */
export function properties (node: Node): Readonly<Record<string, Node>> {
  const described = alternatives(node).find((alternative) => alternative.properties !== undefined)?.properties ?? {}
  return Object.fromEntries(Object.entries(described).flatMap(([name, child]) => typeof child === 'boolean' ? [] : [[name, child]]))
}

/** What each item of a list described by `node` looks like. */
export function listItem (node: Node): Node | null {
  const items = alternatives(node).find((alternative) => alternative.items !== undefined)?.items
  return Array.isArray(items) ? null : asNode(items)
}

function asNode (node: Node | boolean | undefined): Node | null {
  return typeof node === 'object' ? node : null
}

function alternatives (node: Node): readonly Node[] {
  const inner = node.anyOf?.flatMap((alternative) => typeof alternative === 'object' ? [alternative] : [])
  return inner ?? [node]
}

function keysBelow (node: Node, path: readonly string[]): readonly Key[] {
  const children = Object.entries(properties(node))
  if (children.length > 0) return children.flatMap(([name, child]) => keysBelow(child, [...path, name]))
  const reads = readingOf(node)
  if (reads === null) return []
  return [{ path, reads, secret: isSecret(node), default: node.default, description: node.description ?? '' }]
}

/** Whether a value described by `node` must never be shown. */
export function isSecret (node: Node): boolean {
  return node.writeOnly === true || listItem(node)?.writeOnly === true
}

function readingOf (node: Node): Key['reads'] | null {
  const types = alternatives(node).map(({ type }) => type)
  if (types.includes('array')) return Object.keys(properties(listItem(node) ?? {})).length > 0 ? null : 'list'
  if (types.includes('object')) return 'pairs'
  if (types.includes('boolean')) return 'boolean'
  return types.includes('integer') ? 'number' : 'text'
}
