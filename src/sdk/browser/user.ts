import { GatewayError, text } from './gateway-error.ts'

/** Who is signed in, as AIHubMix says. `null` is "not known", never "none". */
export interface User {
  /** As text: an id may have more digits than a number holds. */
  readonly id: string
  readonly username: string | null
  readonly email: string | null
  /** AIHubMix's `balance_formatted`, verbatim. */
  readonly balance: string | null
  /** Everything AIHubMix sent; whole numbers too large for a number are text. */
  readonly details: Readonly<Record<string, unknown>>
}

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown

// Where the browser shows how a number was written (ES2025), no digit is lost.
const exact: Reviver = (_key, value, context) => typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '') ? context?.source : value

/** @internal The user of a userinfo answer. Throws `malformed` for whatever is none. */
export function userOf (json: string): User {
  try {
    const body = JSON.parse(json, exact)
    const details = body.data ?? body
    const id = String(details.id ?? details.username ?? '')
    if (id === '') throw new TypeError('no id')
    return { id, username: text(details.username), email: text(details.email), balance: text(details.balance_formatted), details }
  } catch (cause) {
    throw new GatewayError('malformed', { cause })
  }
}

/** @internal Two of the same say the same; undefined when nothing is known yet. */
export function keyOf (user: User | null | undefined): string | undefined {
  return JSON.stringify(user && [user.id, user.username, user.email, user.balance])
}
