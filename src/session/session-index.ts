import type { SessionId } from './store.ts'

/** What operators see of a session: never a token, and nothing a ticket could be made from. */
export interface SessionEntry {
  readonly id: SessionId
  /** The user's id, see the configuration's `identity.subject`. */
  readonly user: string
  /** epoch ms */
  readonly createdAt: number
  /** epoch ms, as of the last save */
  readonly lastSeenAt: number
}

/**
 * Which sessions a user has. A session is noted before it begins, so an operator who ends all of a user's ends each; what is noted
 * may have ended since. Every method rejects with `SessionStoreUnavailable`.
 */
export interface SessionIndex {
  /** Notes a session, or that it was seen; forgotten after `ttlMs`, when it cannot live any more. */
  note (entry: SessionEntry, ttlMs: number): Promise<void>
  remove (entry: Pick<SessionEntry, 'id' | 'user'>): Promise<void>
  of (user: string): Promise<readonly SessionEntry[]>
  /** In parts, so that many users are never held at once. */
  users (): AsyncIterable<readonly string[]>
}

export function createMemoryIndex (): SessionIndex {
  const byUser = new Map<string, Map<SessionId, SessionEntry>>()
  return {
    async note (entry) {
      const entries = byUser.get(entry.user) ?? new Map()
      byUser.set(entry.user, entries.set(entry.id, entry))
    },
    async remove ({ id, user }) {
      const entries = byUser.get(user)
      entries?.delete(id)
      if (entries?.size === 0) byUser.delete(user)
    },
    async of (user) { return [...byUser.get(user)?.values() ?? []] },
    async * users () { yield [...byUser.keys()] }
  }
}
