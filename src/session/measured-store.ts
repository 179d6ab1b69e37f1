import type { Lease, SessionStore } from './store.ts'

/** What a store is asked, as the metrics name it. */
export type StoreCommand = 'read' | 'create' | 'replace' | 'delete' | 'delete_revision' | 'spend_once' | 'lease' | 'renew_lease' | 'release_lease' | 'ping'

type Measure = (command: StoreCommand, ms: number, isFailed: boolean) => void

/** Told when a command begins; what it returns is told how it ended. */
type BeginSpan = (command: StoreCommand) => (error?: unknown) => void

/** The same store, telling of each command how long it took and whether the store answered; and of its span, where traces are wanted. */
export function createMeasuredStore (store: SessionStore, measure: Measure, beginSpan?: BeginSpan): SessionStore {
  const measured = async <Answer>(command: StoreCommand, answer: Promise<Answer>): Promise<Answer> => {
    const startedAt = performance.now()
    const endSpan = beginSpan?.(command)
    try {
      const answered = await answer
      measure(command, performance.now() - startedAt, false)
      endSpan?.()
      return answered
    } catch (error) {
      measure(command, performance.now() - startedAt, true)
      endSpan?.(error)
      throw error
    }
  }

  const measuredLease = (lease: Lease | null): Lease | null => lease && {
    renew: (ttlMs) => measured('renew_lease', lease.renew(ttlMs)),
    release: () => measured('release_lease', lease.release())
  }

  return {
    ...store,
    read: (id) => measured('read', store.read(id)),
    create: (id, value, ttlMs) => measured('create', store.create(id, value, ttlMs)),
    replace: (id, revision, value, ttlMs) => measured('replace', store.replace(id, revision, value, ttlMs)),
    delete: (id) => measured('delete', store.delete(id)),
    deleteRevision: (id, revision) => measured('delete_revision', store.deleteRevision(id, revision)),
    spendOnce: (name, ttlMs) => measured('spend_once', store.spendOnce(name, ttlMs)),
    lease: async (id, ttlMs) => measuredLease(await measured('lease', store.lease(id, ttlMs))),
    ping: () => measured('ping', store.ping())
  }
}
