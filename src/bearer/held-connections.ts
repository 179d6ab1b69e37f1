/** What a token holds open: a tunnel's socket, or the answer that an event stream is. */
interface Connection {
  once (event: 'close', listener: () => void): unknown
}

/** The tunnels and event streams that programs opened, by the hash of their token: they end when the token does. */
export interface HeldConnections {
  add (hash: string, token: string, connection: Connection, end: () => void): void
  end (hash: string): void
  /** Hash and token of each. */
  tokens (): Iterable<readonly [string, string]>
}

export function createHeldConnections (): HeldConnections {
  const held = new Map<string, { readonly token: string, readonly ends: Map<Connection, () => void> }>()
  return {
    add (hash, token, connection, end) {
      const entry = held.get(hash) ?? { token, ends: new Map() }
      held.set(hash, entry)
      entry.ends.set(connection, end)
      connection.once('close', () => {
        entry.ends.delete(connection)
        if (entry.ends.size === 0 && held.get(hash) === entry) held.delete(hash)
      })
    },
    end (hash) {
      const entry = held.get(hash)
      held.delete(hash) // once: until they have closed nobody asks about their token again
      for (const end of entry?.ends.values() ?? []) end()
    },
    tokens: () => Array.from(held, ([hash, { token }]) => [hash, token] as const)
  }
}
