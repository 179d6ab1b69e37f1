import type { Asked } from '../access/still-passes.ts'
import type { UserSession } from '../session/user-session.ts'

/** What a token holds open: a tunnel's socket, or the answer that an event stream is. */
interface Connection {
  once (event: 'close', listener: () => void): unknown
}

/** A token that holds something open, and who it stood for when that was read last. */
interface Holder {
  readonly token: string
  readonly user: UserSession
}

/**
 * The tunnels and event streams that programs opened, by their token: they end when the token does, or when the rules speak against them.
 * They may outlive the configuration that let them in; the newest watches them all.
 */
export interface HeldConnections {
  add (holder: Holder & { readonly asked: Asked }, connection: Connection, end: () => void): void
  holders (): readonly Holder[]
  /** Who the token stands for now; of no interest where it holds nothing open. */
  learn (holder: Holder): void
  /** Ends what the token holds open, each once; where a condition is given, only what meets it. */
  end (token: string, meets?: (asked: Asked) => boolean): void
}

interface Held {
  user: UserSession
  readonly connections: Map<Connection, { readonly asked: Asked, readonly end: () => void }>
}

export function createHeldConnections (): HeldConnections {
  const held = new Map<string, Held>()

  function remove (token: string, connection: Connection): void {
    const connections = held.get(token)?.connections
    connections?.delete(connection)
    if (connections?.size === 0) held.delete(token)
  }

  return {
    add ({ token, user, asked }, connection, end) {
      const entry: Held = held.get(token) ?? { user, connections: new Map() }
      held.set(token, entry)
      entry.connections.set(connection, { asked, end })
      connection.once('close', () => remove(token, connection))
    },
    holders: () => Array.from(held, ([token, { user }]) => ({ token, user })),
    learn ({ token, user }) {
      const entry = held.get(token)
      if (entry !== undefined) entry.user = user
    },
    end (token, meets = () => true) {
      for (const [connection, { asked, end }] of held.get(token)?.connections ?? []) {
        if (!meets(asked)) continue
        remove(token, connection) // until it has closed nobody asks about the token again
        end()
      }
    }
  }
}
