import { randomUUID } from 'node:crypto'
import { createMemoryIndex } from './session-index.ts'
import { revisionOf, type Lease, type SessionId, type SessionStore } from './store.ts'

interface Entry<Value> { readonly value: Value, readonly expiresAt: number }

const sweepEvery = 1_000

/** Sessions of one process, gone when it ends: for a first try, a test, or one small instance. */
export function createMemoryStore (now: () => number = Date.now): SessionStore {
  const sessions = expiringMap<Buffer>(now)
  const spent = expiringMap<true>(now)
  const leases = expiringMap<string>(now)
  const listeners: Array<(id: SessionId) => void> = []
  const changed = (id: SessionId): void => { for (const listener of listeners) listener(id) }

  const isRevision = (id: SessionId, revision: Buffer): boolean => {
    const current = sessions.get(id)
    return current !== null && revisionOf(current).equals(revision)
  }

  const store: SessionStore = {
    index: createMemoryIndex(),
    changes: { isHeard: () => true, onChange (listener) { listeners.push(listener) }, onGap () {} },
    async read (id) { return sessions.get(id) },
    async create (id, value, ttlMs) {
      sessions.set(id, value, ttlMs)
      changed(id)
    },
    async replace (id, revision, value, ttlMs) {
      if (!isRevision(id, revision)) return false
      sessions.set(id, value, ttlMs)
      changed(id)
      return true
    },
    async delete (id) {
      sessions.delete(id)
      changed(id)
    },
    async deleteRevision (id, revision) {
      if (!isRevision(id, revision)) return false
      sessions.delete(id)
      changed(id)
      return true
    },
    async spendOnce (name, ttlMs) {
      if (spent.get(name) !== null) return false
      spent.set(name, true, ttlMs)
      return true
    },
    async lease (id, ttlMs) {
      if (leases.get(id) !== null) return null
      const holder = randomUUID()
      leases.set(id, holder, ttlMs)
      return memoryLease(id, holder, ttlMs)
    },
    async ping () {},
    async close () {}
  }

  function memoryLease (id: SessionId, holder: string, ttlMs: number): Lease {
    return {
      async renew (forMs = ttlMs) {
        if (leases.get(id) !== holder) return false
        leases.set(id, holder, forMs)
        return true
      },
      async release () { if (leases.get(id) === holder) leases.delete(id) }
    }
  }

  return store
}

function expiringMap<Value> (now: () => number) {
  const entries = new Map<string, Entry<Value>>()
  let writes = 0

  const sweep = (): void => {
    for (const [key, entry] of entries) if (entry.expiresAt <= now()) entries.delete(key)
  }

  return {
    get (key: string): Value | null {
      const entry = entries.get(key)
      return entry === undefined || entry.expiresAt <= now() ? null : entry.value
    },
    set (key: string, value: Value, ttlMs: number): void {
      if (++writes % sweepEvery === 0) sweep()
      entries.set(key, { value, expiresAt: now() + ttlMs })
    },
    delete (key: string): void { entries.delete(key) }
  }
}
