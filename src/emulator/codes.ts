import type { Clock } from './clock.ts'
import { type GrantMatch, owns } from './grants.ts'
import type { Random } from './random.ts'
import type { Scope } from './scope.ts'

/** What an authorization code is bound to (RFC 6749 §4.1.2, RFC 7636 §4.4). */
export interface CodeBinding {
  readonly username: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: readonly Scope[]
  readonly codeChallenge: string | null
}

export interface IssuedCode extends CodeBinding {
  /** The family of the tokens that this code gives; a replay revokes it. */
  readonly familyId: string
  readonly expiresAt: number
  readonly spent: boolean
}

export interface Codes {
  issue (binding: CodeBinding): string
  find (code: string): IssuedCode | null
  markSpent (code: string): void
  remove (match: GrantMatch): void
  reset (): void
}

/** RFC 6749 §4.1.2 recommends ten minutes at most. */
const lifetimeMs = 600_000

export function createCodes (clock: Clock, random: Random): Codes {
  const issued = new Map<string, IssuedCode>()
  return {
    issue (binding) {
      const code = random.hex(20)
      issued.set(code, { ...binding, familyId: `family_${random.hex(8)}`, expiresAt: clock.now() + lifetimeMs, spent: false })
      return code
    },
    find: (code) => issued.get(code) ?? null,
    markSpent (code) {
      const found = issued.get(code)
      if (found !== undefined) issued.set(code, { ...found, spent: true })
    },
    reset () { issued.clear() },
    remove (match) {
      for (const [code, binding] of issued) if (owns(match, binding)) issued.delete(code)
    }
  }
}
