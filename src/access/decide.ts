import { readBalance } from '../aihubmix/balance.ts'
import { isLess } from '../config/decimal.ts'
import type { AllowRules, Decimal, Route } from '../config/schema.ts'
import type { Identity } from '../session/user-session.ts'

/** What policy says of a request; the doors (proxy, forward-auth) enforce it. */
export type Decision =
  /** `isBalanceLow`: the route warns of this balance. */
  | { readonly outcome: 'allow', readonly identity: Identity | null, readonly isBalanceLow: boolean }
  | { readonly outcome: 'sign-in' }
  | { readonly outcome: 'top-up', readonly minBalance: Decimal }
  | { readonly outcome: 'deny', readonly rule: string }

/** Whether a request that met `route` may pass. Pure, and the same for every door. */
export function decide (route: Route, allow: AllowRules, identity: Identity | null): Decision {
  if (route.access === 'nobody') return { outcome: 'deny', rule: 'access: nobody' }
  if (route.access === 'anyone') return { outcome: 'allow', identity, isBalanceLow: false }
  if (identity === null) return { outcome: 'sign-in' }
  if (!isAllowed(allow, identity)) return { outcome: 'deny', rule: 'identity.allow' }
  if (!isAllowed(route.allow, identity)) return { outcome: 'deny', rule: 'route allow' }
  if (route.minBalance === null && route.warnBalance === null) return { outcome: 'allow', identity, isBalanceLow: false }
  return decideBalance(route, identity)
}

/** A request that an app could take for another one passes if that one would pass too; `others` holds null for one that no route serves. */
export function decideForEach (route: Route, others: readonly (Route | null)[], allow: AllowRules, identity: Identity | null): Decision {
  const decision = decide(route, allow, identity)
  if (others.length === 0 || decision.outcome !== 'allow') return decision
  const refused = others.map((other) => other === null ? unserved : decide(other, allow, identity)).find(({ outcome }) => outcome !== 'allow')
  return refused ?? decision
}

const unserved: Decision = { outcome: 'deny', rule: 'no route for the method that the client claims' }

/** A balance that is not known, or is no number for sure, is below nothing: it blocks only where the route says so. */
function decideBalance ({ minBalance, warnBalance, onUnknown }: Route, identity: Identity): Decision {
  const balance = identity.balance === null ? null : readBalance(identity.balance)
  const isTooLow = minBalance !== null && (balance === null ? onUnknown === 'block' : isLess(balance, minBalance))
  if (isTooLow) return { outcome: 'top-up', minBalance }
  return { outcome: 'allow', identity, isBalanceLow: warnBalance !== null && balance !== null && isLess(balance, warnBalance) }
}

/** An empty list allows every AIHubMix user; else one match in any list is enough. */
export function isAllowed ({ ids, usernames, emails, emailDomains }: AllowRules, { id, username, email }: Identity): boolean {
  if (ids.length + usernames.length + emails.length + emailDomains.length === 0) return true
  return ids.includes(id) ||
    (username !== null && usernames.includes(username)) ||
    (email !== null && (emails.includes(email.toLowerCase()) || isInDomain(email, emailDomains)))
}

/** One @, and the domain as a whole: not `a@evil.com@company.com`, not `a@evilcompany.com`, not a quoted local part. */
function isInDomain (email: string, domains: readonly string[]): boolean {
  const domain = /^[^@"\s]+@([^@"\s]+)$/.exec(email)?.[1]
  return domain !== undefined && domains.includes(domain.toLowerCase())
}
