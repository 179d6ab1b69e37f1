import type { IdentityField } from '../config/schema.ts'
import type { UserSession } from '../session/user-session.ts'
import { lowBalanceHeader } from './low-balance.ts'

type IdentityHeaders = (session: UserSession, isBalanceLow: boolean) => readonly string[]

/**
 * Builds the flat list (name, value, name, value …) of what the app is told. What is not known is left out: an absent header,
 * never empty, never 0.
 */
export function identityHeaders (fields: Readonly<Record<string, IdentityField>>): IdentityHeaders {
  const entries = Object.entries(fields)
  const known = new WeakMap<UserSession, readonly string[]>()
  const build = (session: UserSession): readonly string[] => entries.flatMap(([name, field]) => {
    const value = fieldValue(session, field)
    return value === null ? [] : [name, headerValue(value)]
  })

  return (session, isBalanceLow) => {
    let headers = known.get(session)
    if (headers === undefined) known.set(session, headers = build(session))
    return isBalanceLow ? [...headers, lowBalanceHeader, 'true'] : headers
  }
}

function fieldValue ({ identity, tokens }: UserSession, field: IdentityField): string | null {
  switch (field) {
    case 'accessToken': return tokens.accessToken
    case 'balanceAt': return identity.balance === null ? null : new Date(identity.readAt).toISOString()
    case 'id': return identity.id
    case 'username': return identity.username
    case 'email': return identity.email
    case 'balance': return identity.balance
    case 'status': return identity.status
  }
}

/** Visible ASCII as it is; everything else, and `%` itself, percent-encoded UTF-8: no CR, LF or NUL can reach a header. */
function headerValue (value: string): string {
  return value.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent)
}
