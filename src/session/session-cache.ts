import type { SessionId, StoreChanges } from './store.ts'
import type { OpenSession } from './user-sessions.ts'

/** A read of the store that is under way: word of a change may overtake its answer, which is then the old one. */
export interface Reading {
  readonly id: SessionId
  readonly epoch: number
  isOutdated: boolean
  /** How many wait for an answer of this moment. */
  readers: number
}

/**
 * Sessions in the clear, so that most requests need neither the store nor a decryption. What is `fresh` is what the store has; the rest
 * is kept to compare revisions with: a session that the store still holds byte for byte is not opened again.
 */
export interface SessionCache {
  /** As the store has it now; null when the store has to be asked. */
  fresh (cookieValue: string): OpenSession | null
  /** As it was when last seen. */
  known (cookieValue: string): OpenSession | null
  /** To be called before the store is asked; each has an `endReading`. */
  beginReading (id: SessionId): Reading
  endReading (reading: Reading): void
  /** What a reading found: believed from now on, unless it was overtaken. */
  keep (cookieValue: string, opened: OpenSession, reading: Reading): void
  forget (cookieValue: string): void
  /** Saved by ourselves: what the next read will find, most likely. Believed once the store says so. */
  learn (opened: OpenSession, cookieValue?: string): void
  /** Asks the store next time, without waiting for its word. */
  doubt (id: SessionId): void
}

interface SessionCacheOptions {
  readonly changes: StoreChanges
  readonly limit?: number
  /** A second bound beside the store's word: no session is believed longer than this without asking. */
  readonly freshMs?: number
}

interface Entry {
  readonly cookieValue: string
  opened: OpenSession
  epoch: number
  confirmedAt: number
  wasUsed: boolean
}

/** An entry of no epoch has to be confirmed. */
const noEpoch = -1

export function createSessionCache ({ changes, limit = 10_000, freshMs = 10_000 }: SessionCacheOptions): SessionCache {
  const byCookie = new Map<string, Entry>()
  const byId = new Map<SessionId, Entry>()
  const readings = new Map<SessionId, Reading>()
  /** A gap in the store's word begins a new one: whatever was kept in another has to be confirmed. */
  let epoch = 0

  const doubt = (id: SessionId): void => {
    const entry = byId.get(id)
    if (entry !== undefined) entry.epoch = noEpoch
    const reading = readings.get(id)
    if (reading === undefined) return
    reading.isOutdated = true
    readings.delete(id)
  }
  changes.onChange(doubt)
  changes.onGap(() => { epoch++ })

  const remove = (entry: Entry): void => {
    byCookie.delete(entry.cookieValue)
    byId.delete(entry.opened.ticket.id)
  }

  /** The one that was not used for longest goes, more or less: who was used since the last look is spared once. */
  const makeRoom = (): void => {
    for (const [cookieValue, entry] of byCookie) {
      if (byCookie.size < limit) return
      if (!entry.wasUsed) { remove(entry); continue }
      entry.wasUsed = false
      byCookie.delete(cookieValue)
      byCookie.set(cookieValue, entry)
    }
  }

  const add = (cookieValue: string, opened: OpenSession): Entry => {
    const other = byId.get(opened.ticket.id)
    if (other !== undefined) remove(other) // one entry an id, or a change would reach only one of them
    makeRoom()
    // A copy: the value is a slice that would hold the whole header.
    const entry = { cookieValue: Buffer.from(cookieValue, 'latin1').toString('latin1'), opened, epoch: noEpoch, confirmedAt: 0, wasUsed: false }
    byCookie.set(entry.cookieValue, entry)
    byId.set(opened.ticket.id, entry)
    return entry
  }

  return {
    doubt,
    fresh (cookieValue) {
      const entry = byCookie.get(cookieValue)
      if (entry === undefined || entry.epoch !== epoch || performance.now() - entry.confirmedAt > freshMs || !changes.isHeard()) return null
      entry.wasUsed = true
      return entry.opened
    },
    known: (cookieValue) => byCookie.get(cookieValue)?.opened ?? null,
    beginReading (id) {
      const running = readings.get(id)
      if (running !== undefined && running.epoch === epoch) {
        running.readers++
        return running
      }
      const reading = { id, epoch, isOutdated: false, readers: 1 }
      readings.set(id, reading)
      return reading
    },
    endReading (reading) {
      if (--reading.readers === 0 && readings.get(reading.id) === reading) readings.delete(reading.id)
    },
    keep (cookieValue, opened, reading) {
      if (reading.isOutdated) return
      const entry = byCookie.get(cookieValue) ?? add(cookieValue, opened)
      entry.opened = opened
      entry.epoch = reading.epoch
      entry.confirmedAt = performance.now()
    },
    forget (cookieValue) {
      const entry = byCookie.get(cookieValue)
      if (entry !== undefined) remove(entry)
    },
    learn (opened, cookieValue) {
      const entry = byId.get(opened.ticket.id) ?? (cookieValue === undefined ? undefined : add(cookieValue, opened))
      if (entry === undefined) return
      entry.opened = opened
      entry.epoch = noEpoch
    }
  }
}
