import type { Asked } from '../access/still-passes.ts'
import type { Ticket } from '../session/user-sessions.ts'

/** What can be ended: a tunnel's socket, or the answer that an event stream is. */
interface Connection {
  destroy (): unknown
  once (event: 'close', listener: () => void): unknown
}

/** Why a connection that could go on is ended. */
export type EndReason = 'session over' | 'shutdown'

type End = (reason: EndReason) => void

/** In whose name something is open, and what was asked to open it. */
export interface Owner {
  readonly ticket: Ticket
  readonly asked: Asked
}

/** The open tunnels and event streams of each session, so that its end is theirs too. */
export interface LiveConnections {
  /** One that is held already is held anew: in the name of this session, and ended this way. It is cut unless it knows a kinder end. */
  add (owner: Owner | null, connection: Connection, end?: End): void
  /** Of the sessions that hold something open. */
  tickets (): readonly Ticket[]
  ticket (sessionId: string): Ticket | null
  /** What the session holds open; where a condition is given, only what meets it. */
  endSession (sessionId: string, meets?: (asked: Asked) => boolean): void
  /** Ends what is open, and from now on cuts what is added. */
  endAll (): void
  /** Cuts what is still open. */
  cutAll (): void
}

interface Held {
  owner: Owner | null
  end: End
}

export function createLiveConnections (): LiveConnections {
  const held = new Map<Connection, Held>()
  const bySession = new Map<string, Set<Connection>>()
  let isEnding = false

  function list (sessionId: string, connection: Connection): void {
    bySession.set(sessionId, (bySession.get(sessionId) ?? new Set()).add(connection))
  }

  function unlist (connection: Connection): void {
    const sessionId = held.get(connection)?.owner?.ticket.id
    if (sessionId === undefined) return
    const connections = bySession.get(sessionId)
    connections?.delete(connection)
    if (connections?.size === 0) bySession.delete(sessionId)
  }

  const ticketOf = (sessionId: string): Ticket | null => {
    const [first] = bySession.get(sessionId) ?? []
    return first === undefined ? null : held.get(first)?.owner?.ticket ?? null
  }

  return {
    add (owner, connection, end = () => { connection.destroy() }) {
      if (isEnding) {
        connection.destroy()
        return
      }
      if (held.has(connection)) unlist(connection)
      else connection.once('close', () => { unlist(connection); held.delete(connection) })
      held.set(connection, { owner, end })
      if (owner !== null) list(owner.ticket.id, connection)
    },
    tickets: () => [...bySession.keys()].map(ticketOf).filter((ticket) => ticket !== null),
    ticket: ticketOf,
    endSession (sessionId, meets = () => true) {
      for (const connection of bySession.get(sessionId) ?? []) {
        const { owner, end } = held.get(connection) ?? {}
        if (owner != null && meets(owner.asked)) end?.('session over')
      }
    },
    endAll () {
      isEnding = true
      for (const { end } of held.values()) end('shutdown')
    },
    cutAll () {
      isEnding = true
      for (const connection of held.keys()) connection.destroy()
    }
  }
}
