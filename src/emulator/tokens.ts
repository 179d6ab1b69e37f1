import { type AccessTokenForm, signAccessToken } from './access-token.ts'
import type { Clock } from './clock.ts'
import { type GrantMatch, owns } from './grants.ts'
import type { Random } from './random.ts'
import { type Scope, writeScope } from './scope.ts'

/** All tokens that descend from one authorization code. */
export interface Family {
  readonly familyId: string
  readonly username: string
  readonly clientId: string
  readonly scope: readonly Scope[]
}

export interface Rotation {
  readonly mode: 'off' | 'on' | 'on_with_reuse_detection'
  /** How long a spent refresh token still works, so that an answer lost on the way can be fetched again. */
  readonly graceMs: number
}

export interface TokenPair extends Family {
  readonly accessToken: string
  readonly refreshToken: string
}

interface IssuedToken extends Family { readonly expiresAt: number, readonly spentAt: number | null }

/** How an access token looks. */
export interface Look {
  /** How far the `exp` that it shows lies from its true end. */
  readonly expiryOffsetMs?: number | undefined
  readonly form?: AccessTokenForm | undefined
}

export interface Tokens {
  issue (family: Family, look?: Look): TokenPair
  /** Null when the access token is unknown, expired or revoked. */
  access (accessToken: string): Family | null
  /** Whose refresh token this is or was; says nothing about its being valid. */
  owner (refreshToken: string): Family | null
  /** Null when the refresh token is unknown, expired, spent or revoked. A reuse may revoke its family. */
  refresh (refreshToken: string, rotation: Rotation, look?: Look): TokenPair | null
  /** Every family that has a token left. */
  families (): readonly Family[]
  expireAccess (match: GrantMatch): void
  expireRefresh (match: GrantMatch): void
  revoke (match: GrantMatch): void
  revokeFamily (familyId: string): void
  reset (): void
}

/** The guide's lifetimes, provider.md C-60 and C-61. */
export const accessTokenSeconds = 7200
const refreshTokenMs = 30 * 86_400_000

export function createTokens (clock: Clock, random: Random): Tokens {
  let key = random.hex(32)
  const accessTokens = new Map<string, IssuedToken>()
  const refreshTokens = new Map<string, IssuedToken>()

  function issueAccess (family: Family, { expiryOffsetMs = 0, form }: Look): string {
    const issuedAt = clock.now()
    const expiresAt = issuedAt + accessTokenSeconds * 1000
    const token = signAccessToken(key, { subject: family.username, clientId: family.clientId, scope: writeScope(family.scope), issuedAt, expiresAt: expiresAt + expiryOffsetMs, tokenId: random.hex(8) }, form)
    accessTokens.set(token, { ...family, expiresAt, spentAt: null })
    return token
  }

  function issueRefresh (family: Family): string {
    const token = `refresh_${random.hex(24)}`
    refreshTokens.set(token, { ...family, expiresAt: clock.now() + refreshTokenMs, spentAt: null })
    return token
  }

  function issue (family: Family, look: Look = {}): TokenPair {
    return { ...family, accessToken: issueAccess(family, look), refreshToken: issueRefresh(family) }
  }

  function refresh (refreshToken: string, { mode, graceMs }: Rotation, look: Look = {}): TokenPair | null {
    const found = refreshTokens.get(refreshToken)
    if (found === undefined || found.expiresAt <= clock.now()) return null
    const family = familyOf(found)
    if (mode === 'off' && found.spentAt === null) return { ...family, accessToken: issueAccess(family, look), refreshToken }
    const reused = found.spentAt !== null && clock.now() - found.spentAt >= graceMs
    if (reused && mode === 'on_with_reuse_detection') revokeFamily(found.familyId)
    if (reused) return null
    refreshTokens.set(refreshToken, { ...found, spentAt: found.spentAt ?? clock.now() })
    return issue(family, look)
  }

  function revokeFamily (familyId: string): void {
    removeWhere(accessTokens, (token) => token.familyId === familyId)
    removeWhere(refreshTokens, (token) => token.familyId === familyId)
  }

  function access (accessToken: string): Family | null {
    const found = accessTokens.get(accessToken)
    return found === undefined || found.expiresAt <= clock.now() ? null : familyOf(found)
  }

  return {
    issue,
    refresh,
    revokeFamily,
    access,
    reset () {
      key = random.hex(32)
      accessTokens.clear()
      refreshTokens.clear()
    },
    families: () => [...new Map([...accessTokens.values(), ...refreshTokens.values()].map((token) => [token.familyId, familyOf(token)])).values()],
    owner: (refreshToken) => refreshTokens.get(refreshToken) ?? null,
    expireAccess: (match) => removeWhere(accessTokens, (token) => owns(match, token)),
    expireRefresh: (match) => removeWhere(refreshTokens, (token) => owns(match, token)),
    revoke (match) {
      removeWhere(accessTokens, (token) => owns(match, token))
      removeWhere(refreshTokens, (token) => owns(match, token))
    }
  }
}

function familyOf ({ familyId, username, clientId, scope }: IssuedToken): Family {
  return { familyId, username, clientId, scope }
}

function removeWhere (tokens: Map<string, IssuedToken>, isMeant: (token: IssuedToken) => boolean): void {
  for (const [token, issued] of tokens) if (isMeant(issued)) tokens.delete(token)
}
