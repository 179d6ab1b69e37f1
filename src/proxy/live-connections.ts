/** What can be cut: a tunnel's socket, or the answer that an event stream is. */
interface Connection {
  destroy (): unknown
  once (event: 'close', listener: () => void): unknown
}

/** The open tunnels and event streams of each session, so that its end is theirs too. */
export interface LiveConnections {
  add (sessionId: string | null, connection: Connection): void
  endSession (sessionId: string): void
  /** Cuts what is open, and from now on what is added. */
  endAll (): void
}

export function createLiveConnections (): LiveConnections {
  const bySession = new Map<string | null, Set<Connection>>()
  let isEnding = false

  return {
    add (sessionId, connection) {
      if (isEnding) {
        connection.destroy()
        return
      }
      const connections = bySession.get(sessionId) ?? new Set()
      bySession.set(sessionId, connections.add(connection))
      connection.once('close', () => {
        connections.delete(connection)
        if (connections.size === 0) bySession.delete(sessionId)
      })
    },
    endSession (sessionId) {
      for (const connection of bySession.get(sessionId) ?? []) connection.destroy()
    },
    endAll () {
      isEnding = true
      for (const connections of bySession.values()) for (const connection of connections) connection.destroy()
    }
  }
}
