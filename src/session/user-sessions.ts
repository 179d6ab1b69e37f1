import { createHash, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import type { CookieSeal } from './plugin.ts'
import { seal, unseal } from './seal.ts'
import { createSessionCache } from './session-cache.ts'
import type { SessionEntry } from './session-index.ts'
import { revisionBytes, revisionOf, type Lease, type SessionId, type SessionStore } from './store.ts'
import type { UserSession } from './user-session.ts'

/** What the session cookie holds: a random name and the key that opens what the store has under it. */
export interface Ticket {
  readonly id: SessionId
  /** A KeyObject: three times cheaper than its bytes on Node 24, and no log can print it. */
  readonly key: KeyObject
}

/** A session as it was read: its ticket, and the revision that a save must name. */
export interface OpenSession {
  readonly ticket: Ticket
  readonly revision: Buffer
  readonly session: UserSession
}

export interface UserSessions {
  /**
   * The session a cookie value names; null when the cookie is none of ours or the session has ended. At once when it is known and the
   * store has told of no change. Rejects with `SessionStoreUnavailable`.
   */
  fromCookie (cookieValue: string): OpenSession | Promise<OpenSession | null>
  read (ticket: Ticket): Promise<OpenSession | null>
  /** The cookie value of this session under the first key, when this one is sealed with another; null when there is nothing to do. */
  resealed (cookieValue: string, id: SessionId): string | null
  /** Begins a session under a new id (RFC 9700 §4.7: an id planted before sign-in stays worthless) and gives its cookie value. */
  begin (session: UserSession): Promise<{ readonly opened: OpenSession, readonly cookieValue: string }>
  /** Null when a newer revision was saved meanwhile, or the session has ended. */
  save (opened: OpenSession, session: UserSession): Promise<OpenSession | null>
  end (opened: OpenSession): Promise<void>
  /** Ends the session only as it was read. False when somebody saved a newer revision. */
  endAsRead (opened: OpenSession): Promise<boolean>
  lease (ticket: Ticket, ttlMs: number): Promise<Lease | null>
  /** Whether the idle lifetime should be written on: seldom, since each write empties caches elsewhere. */
  touchIsDue (session: UserSession): boolean
}

interface UserSessionsOptions {
  readonly store: SessionStore
  readonly ticketSeal: CookieSeal
  readonly maxAgeMs: number
  readonly idleTimeoutMs: number
  /** Told of each session that was asked for: whether it was at hand. */
  readonly onLookup?: (outcome: 'hit' | 'miss') => void
  readonly now: () => number
}

const touchesPerIdleTimeout = 10
const keyBytes = 32

export function createUserSessions ({ store, ticketSeal, maxAgeMs, idleTimeoutMs, onLookup, now }: UserSessionsOptions): UserSessions {
  /** What is left of the absolute and of the idle lifetime, the shorter. */
  const ttlMs = (session: UserSession): number => Math.min(session.createdAt + maxAgeMs, session.lastSeenAt + idleTimeoutMs) - now()

  const cache = createSessionCache({ changes: store.changes })

  const isOver = (session: UserSession): boolean => ttlMs(session) <= 0

  const opened = (ticket: Ticket, value: Buffer): OpenSession | null => {
    const session = unseal(value, ticket.key, ticket.id)
    return session === null ? null : alive({ ticket, revision: revisionCopy(value), session })
  }

  /** The store's clock ends a session by TTL; ours is asked too, so a store that forgets to is no way in. */
  const alive = (session: OpenSession): OpenSession | null => isOver(session.session) ? null : session

  /** What is known in the clear is opened again only when the store holds another revision of it. */
  async function fromStore (cookieValue: string): Promise<OpenSession | null> {
    const before = cache.known(cookieValue)
    const ticket = before?.ticket ?? openTicket(ticketSeal, cookieValue)
    if (ticket === null) return null
    const reading = cache.beginReading(ticket.id)
    try {
      const value = await store.read(ticket.id)
      const current = value === null ? null : before?.revision.equals(revisionOf(value)) === true ? alive(before) : opened(ticket, value)
      if (current === null) cache.forget(cookieValue)
      else cache.keep(cookieValue, current, reading)
      return current
    } finally {
      cache.endReading(reading)
    }
  }

  /** Our own writes are known here before the store tells of them. */
  async function written<Answer> ({ id }: Ticket, write: Promise<Answer>): Promise<Answer> {
    try {
      return await write
    } finally {
      cache.doubt(id)
    }
  }

  /** What stays noted although it ended is found out when it is listed. */
  const unnote = (id: SessionId, { identity }: UserSession): void => { store.index.remove({ id, user: identity.id }).catch(() => {}) }

  const sessions: UserSessions = {
    fromCookie (cookieValue) {
      const known = cache.fresh(cookieValue)
      const isAtHand = known !== null && !isOver(known.session)
      onLookup?.(isAtHand ? 'hit' : 'miss')
      return isAtHand ? known : fromStore(cookieValue)
    },
    async read (ticket) {
      const value = await store.read(ticket.id)
      return value === null ? null : opened(ticket, value)
    },
    async begin (session) {
      const secret = randomBytes(16).toString('base64url')
      const key = randomBytes(keyBytes)
      const ticket = { id: hashed(secret), key: createSecretKey(key) }
      const value = seal(session, ticket.key, ticket.id)
      await store.index.note(entryOf(ticket.id, session), session.createdAt + maxAgeMs - now()) // first: what lives is always known to operators
      await store.create(ticket.id, value, ttlMs(session))
      const begun = { ticket, revision: revisionCopy(value), session }
      const cookieValue = ticketSeal.seal({ id: secret, key: key.toString('base64url') })
      cache.learn(begun, cookieValue)
      return { opened: begun, cookieValue }
    },
    async save ({ ticket, revision }, session) {
      const remainingMs = ttlMs(session)
      if (remainingMs <= 0) return null
      const value = seal(session, ticket.key, ticket.id)
      if (!await written(ticket, store.replace(ticket.id, revision, value, remainingMs))) return null
      const saved = { ticket, revision: revisionCopy(value), session }
      cache.learn(saved)
      store.index.note(entryOf(ticket.id, session), session.createdAt + maxAgeMs - now()).catch(() => {}) // when it was seen is no reason to fail
      return saved
    },
    resealed (cookieValue, id) {
      const resealed = ticketSeal.resealed(cookieValue)
      return resealed !== null && openTicket(ticketSeal, resealed)?.id === id ? resealed : null
    },
    async end ({ ticket, session }) {
      await written(ticket, store.delete(ticket.id))
      unnote(ticket.id, session)
    },
    async endAsRead ({ ticket, revision, session }) {
      const isEnded = await written(ticket, store.deleteRevision(ticket.id, revision))
      if (isEnded) unnote(ticket.id, session)
      return isEnded
    },
    lease: (ticket, leaseMs) => store.lease(ticket.id, leaseMs),
    touchIsDue: (session) => now() - session.lastSeenAt > idleTimeoutMs / touchesPerIdleTimeout
  }
  return sessions
}

function entryOf (id: SessionId, { identity, createdAt, lastSeenAt }: UserSession): SessionEntry {
  return { id, user: identity.id, createdAt, lastSeenAt }
}

/** In memory of its own: a slice would hold the whole value, and a pooled copy its whole pool. */
function revisionCopy (value: Buffer): Buffer {
  const copy = Buffer.alloc(revisionBytes)
  value.copy(copy)
  return copy
}

function openTicket (ticketSeal: CookieSeal, cookieValue: string): Ticket | null {
  const data = ticketSeal.open(cookieValue)
  if (data?.['id'] === undefined || data['key'] === undefined) return null
  const key = Buffer.from(data['key'], 'base64url')
  return key.length === keyBytes ? { id: hashed(data['id']), key: createSecretKey(key) } : null
}

function hashed (secret: string): SessionId {
  return createHash('sha256').update(secret).digest('base64url')
}
