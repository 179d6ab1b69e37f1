import type { SessionIndex } from './session-index.ts'

/** SHA-256 of a ticket's id, base64url: whoever reads the store cannot make a ticket from it. */
export type SessionId = string

/** A right that one holder has at a time over all replicas, and that expires by itself. */
export interface Lease {
  /** The holder has it for `ttlMs` from now on, for what it was taken when left out. False when it was lost: another may hold it now. */
  renew (ttlMs?: number): Promise<boolean>
  release (): Promise<void>
}

/** The first bytes of every stored value: fresh at each save, so they name one revision of it. */
export const revisionBytes = 12

/** The revision that a stored value names. */
export function revisionOf (value: Buffer): Buffer {
  return value.subarray(0, revisionBytes)
}

/** Word of what happens to the sessions of a store, whoever did it: this process, another replica, an operator, or time. */
export interface StoreChanges {
  /**
   * Whether every change up to now, but for less than a second, was told. While it is not (connection lost, link dead), nothing that
   * was read earlier may be believed.
   */
  isHeard (): boolean
  /** Told the id of a session that was saved, touched, ended or ran out; our own writes too. */
  onChange (listener: (id: SessionId) => void): void
  /** Told that any session may have changed unheard: when word is lost, when it is back, and when the store was emptied. */
  onGap (listener: () => void): void
}

/**
 * Where sealed sessions live. Every method rejects with `SessionStoreUnavailable` when the backing store cannot answer;
 * none turns a failure into "no session": that would sign everyone out during an outage.
 */
export interface SessionStore {
  readonly changes: StoreChanges
  /** Which sessions a user has, for operators. */
  readonly index: SessionIndex
  /** Resolves to null when the id is unknown or its time is over. */
  read (id: SessionId): Promise<Buffer | null>
  create (id: SessionId, value: Buffer, ttlMs: number): Promise<void>
  /**
   * Writes only over the revision the caller has read, so a late writer cannot undo a newer save nor bring back an ended session.
   * Resolves to false when the stored value is another one or gone.
   */
  replace (id: SessionId, revision: Buffer, value: Buffer, ttlMs: number): Promise<boolean>
  /** Ends a session whatever its revision. */
  delete (id: SessionId): Promise<void>
  /** Ends a session only if nobody saved a newer revision. Resolves to false when somebody did. */
  deleteRevision (id: SessionId, revision: Buffer): Promise<boolean>
  /** True for the first caller over all replicas within `ttlMs`, false for every other. */
  spendOnce (name: string, ttlMs: number): Promise<boolean>
  /** Resolves to null while another holds it. */
  lease (id: SessionId, ttlMs: number): Promise<Lease | null>
  /** Resolves when the store answers. */
  ping (): Promise<void>
  close (): Promise<void>
}
