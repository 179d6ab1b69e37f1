import type { SessionEntry } from './session-index.ts'
import type { SessionStore } from './store.ts'

/** Whose sessions an operator means: one user's, or everybody's. */
export type Whose = { readonly user: string } | 'all'

/** What operators do with sessions. Every method rejects with `SessionStoreUnavailable`. */
export interface SessionAdministration {
  /** Those that live, the last seen first. */
  list (whose: Whose): Promise<readonly SessionEntry[]>
  /** Ends them on every replica, open connections included. Resolves to how many there were. */
  revoke (whose: Whose): Promise<number>
}

const usersAtOnce = 100
/** A session is noted before it begins; what is noted and not there yet may still begin. */
const beginningMs = 60_000

export function createSessionAdministration ({ index, read, delete: end }: Pick<SessionStore, 'index' | 'read' | 'delete'>, now: () => number = Date.now): SessionAdministration {
  async function livingOf (user: string): Promise<readonly SessionEntry[]> {
    const noted = await index.of(user)
    const values = await Promise.all(noted.map(({ id }) => read(id)))
    const isOver = ({ createdAt }: SessionEntry, at: number): boolean => values[at] === null && now() - createdAt > beginningMs
    await Promise.all(noted.filter(isOver).map((ended) => index.remove(ended)))
    return noted.filter((_entry, at) => values[at] !== null)
  }

  async function * living (whose: Whose): AsyncGenerator<readonly SessionEntry[]> {
    if (whose !== 'all') return yield await livingOf(whose.user)
    for await (const users of index.users()) {
      for (let from = 0; from < users.length; from += usersAtOnce) {
        yield (await Promise.all(users.slice(from, from + usersAtOnce).map(livingOf))).flat()
      }
    }
  }

  return {
    async list (whose) {
      const entries: SessionEntry[] = []
      for await (const some of living(whose)) entries.push(...some)
      // A scan may name a key twice.
      return [...new Map(entries.map((entry) => [entry.id, entry])).values()].toSorted((a, b) => b.lastSeenAt - a.lastSeenAt)
    },
    async revoke (whose) {
      const ended = new Set<string>()
      for await (const some of living(whose)) {
        await Promise.all(some.map(async (entry) => {
          await end(entry.id)
          await index.remove(entry)
          ended.add(entry.id)
        }))
      }
      return ended.size
    }
  }
}
