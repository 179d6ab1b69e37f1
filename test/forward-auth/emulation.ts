import { isTree } from '../../src/config/tree.ts'

export type Header = readonly [name: string, value: string]

export interface Request {
  readonly method: string
  readonly target: string
  readonly headers: readonly Header[]
}

/** What a proxy makes of a request, of the question about it, and of the answer. */
export interface Model {
  /** The request as the proxy goes on with it; a status where it refuses it itself. */
  received (request: Request): Request | number
  wayOf (request: Request): 'app' | 'gateway' | 'closed'
  question (request: Request): Request
  /** The request as it goes to the app; null where the answer, null for none, lets nothing pass. */
  allowed (request: Request, answer: { readonly status: number, readonly headers: readonly Header[] } | null): Request | null
  /** The status of its own that takes the place of the gateway's 5xx; null where it passes that on. */
  readonly ownError: number | null
}

export const folded = (name: string): string => name.toLowerCase()

export function valuesOf (headers: readonly Header[], name: string): readonly string[] {
  return headers.filter(([other]) => folded(other) === folded(name)).map(([, value]) => value)
}

export function without (headers: readonly Header[], names: readonly string[]): readonly Header[] {
  const gone = new Set(names.map(folded))
  return headers.filter(([name]) => !gone.has(folded(name)))
}

/** Of the absolute form of a request target its host is the request's, and Host is not looked at (RFC 9112 §3.2.2). */
export function originForm ({ method, target, headers }: Request): Request {
  const [, host, path] = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target) ?? []
  return host === undefined ? { method, target, headers } : { method, target: path === undefined || path === '' ? '/' : path, headers: [['Host', host], ...without(headers, ['Host'])] }
}

/** Each header in the place of all of its name. */
export function withEach (headers: readonly Header[], set: readonly Header[]): readonly Header[] {
  return [...without(headers, set.map(([name]) => name)), ...set]
}

/** Every value under this key, wherever it stands. */
export function allUnder (tree: unknown, key: string): readonly unknown[] {
  if (Array.isArray(tree)) return tree.flatMap((item) => allUnder(item, key))
  if (!isTree(tree)) return []
  return Object.entries(tree).flatMap(([name, value]) => [...(name === key ? [value] : []), ...allUnder(value, key)])
}
