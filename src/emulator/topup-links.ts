import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

/** Tokens of top-up links: they name a user, work ten minutes, and pay once. */
export interface TopupLinks {
  issue (username: string): string
  /** Null when the token is unknown, expired or paid already. */
  username (token: string): string | null
  spend (token: string): void
  reset (): void
}

const lifetimeMs = 600_000

export function createTopupLinks (clock: Clock, random: Random): TopupLinks {
  const links = new Map<string, { readonly username: string, readonly expiresAt: number }>()
  return {
    issue (username) {
      const token = random.hex(16)
      links.set(token, { username, expiresAt: clock.now() + lifetimeMs })
      return token
    },
    username (token) {
      const link = links.get(token)
      return link === undefined || link.expiresAt <= clock.now() ? null : link.username
    },
    spend (token) { links.delete(token) },
    reset () { links.clear() }
  }
}
