import type { Clock } from './clock.ts'
import type { Scope } from './scope.ts'

/** A user's consent to an app. Ends when the user takes it back in the user centre. */
export interface Grant {
  readonly username: string
  readonly clientId: string
  readonly scope: readonly Scope[]
  readonly grantedAt: number
}

/** Which grants, codes or tokens are meant; a member left out matches all. */
export interface GrantMatch {
  readonly username?: string
  readonly clientId?: string
  /** The tokens and the code of one sign-in. */
  readonly familyId?: string
}

interface Owned { readonly username: string, readonly clientId: string, readonly familyId?: string }

export function owns (match: GrantMatch, { username, clientId, familyId }: Owned): boolean {
  return (match.username ?? username) === username && (match.clientId ?? clientId) === clientId && (match.familyId ?? familyId) === familyId
}

export interface Grants {
  give (grant: Omit<Grant, 'grantedAt'>): void
  find (username: string, clientId: string): Grant | null
  all (): readonly Grant[]
  remove (match: GrantMatch): void
  reset (): void
}

export function createGrants (clock: Clock): Grants {
  let grants: readonly Grant[] = []
  return {
    give (grant) {
      grants = [...grants.filter((other) => !owns(grant, other)), { ...grant, grantedAt: clock.now() }]
    },
    find: (username, clientId) => grants.find((grant) => owns({ username, clientId }, grant)) ?? null,
    all: () => grants,
    reset () { grants = [] },
    remove (match) { grants = grants.filter((grant) => !owns(match, grant)) }
  }
}
