import type { Duplex } from 'node:stream'

/** The open tunnels and event streams of each session, so that its end is theirs too. */
export interface LiveConnections {
  add (sessionId: string | null, connection: Duplex): void
  endSession (sessionId: string): void
  endAll (): void
}

export function createLiveConnections (): LiveConnections {
  const bySession = new Map<string | null, Set<Duplex>>()

  return {
    add (sessionId, connection) {
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
      for (const connections of bySession.values()) for (const connection of connections) connection.destroy()
    }
  }
}
