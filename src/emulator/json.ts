export type JsonValue = string | number | bigint | boolean | null | undefined | readonly JsonValue[] | Members

/** The members of a JSON object, in the order they are written. Undefined ones are left out. */
export interface Members { readonly [name: string]: JsonValue }

/** JSON text in which a bigint keeps every digit: AIHubMix sends int64, which `JSON.stringify` refuses. */
export function exactJson (value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString()
  if (isList(value)) return `[${value.map(exactJson).join(',')}]`
  if (typeof value === 'object' && value !== null) return `{${exactMembers(value)}}`
  return JSON.stringify(value ?? null)
}

/** Parses JSON without rounding: an integer beyond 2^53 becomes a bigint. Throws a SyntaxError on anything that is no JSON. */
export function parseExactJson (text: string): unknown {
  return JSON.parse(text, exactInteger)
}

function exactInteger (this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source
  const isRounded = typeof value === 'number' && source !== undefined && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
  return isRounded ? BigInt(source) : value
}

function exactMembers (members: Members): string {
  return Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}:${exactJson(value)}`)
    .join(',')
}

function isList (value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** True for anything a JSON object can become; used where a text of unknown origin was parsed. */
export function isMembers (value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
