import { createHash, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import type { CookieSeal } from './plugin.ts'
import { seal, unseal } from './seal.ts'
import { revisionOf, type Lease, type SessionId, type SessionStore } from './store.ts'
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
  /** The session a cookie value names; null when the cookie is none of ours or the session has ended. Throws `SessionStoreUnavailable`. */
  fromCookie (cookieValue: string): Promise<OpenSession | null>
  read (ticket: Ticket): Promise<OpenSession | null>
  /** Begins a session under a new id (RFC 9700 §4.7: an id planted before sign-in stays worthless) and gives its cookie value. */
  begin (session: UserSession): Promise<{ readonly opened: OpenSession, readonly cookieValue: string }>
  /** Null when a newer revision was saved meanwhile, or the session has ended. */
  save (opened: OpenSession, session: UserSession): Promise<OpenSession | null>
  end (ticket: Ticket): Promise<void>
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
  readonly now: () => number
}

const touchesPerIdleTimeout = 10
const keyBytes = 32
/** Sessions whose cookie and content are known in the clear, so that a request costs one read of the store and no decryption. */
const rememberedSessions = 10_000

export function createUserSessions ({ store, ticketSeal, maxAgeMs, idleTimeoutMs, now }: UserSessionsOptions): UserSessions {
  /** What is left of the absolute and of the idle lifetime, the shorter. */
  const ttlMs = (session: UserSession): number => Math.min(session.createdAt + maxAgeMs, session.lastSeenAt + idleTimeoutMs) - now()

  const isOver = (session: UserSession): boolean => ttlMs(session) <= 0

  const opened = (ticket: Ticket, value: Buffer): OpenSession | null => {
    const session = unseal(value, ticket.key, ticket.id)
    // The store's clock ends a session by TTL; ours is asked too, so a store that forgets to is no way in.
    return session === null || isOver(session) ? null : { ticket, revision: Buffer.from(revisionOf(value)), session }
  }

  const remembered = new Map<string, OpenSession>()
  const remember = (cookieValue: string, session: OpenSession): void => {
    remembered.delete(cookieValue)
    const [oldest] = remembered.size >= rememberedSessions ? remembered.keys() : []
    if (oldest !== undefined) remembered.delete(oldest)
    // A copy: the value is a slice that would hold the whole header.
    remembered.set(Buffer.from(cookieValue, 'latin1').toString('latin1'), session)
  }
  const forgotten = (cookieValue: string): null => {
    remembered.delete(cookieValue)
    return null
  }

  const sessions: UserSessions = {
    async fromCookie (cookieValue) {
      const before = remembered.get(cookieValue)
      const ticket = before?.ticket ?? openTicket(ticketSeal, cookieValue)
      if (ticket === null) return null
      const value = await store.read(ticket.id)
      if (value === null) return forgotten(cookieValue)
      // The store is asked each time; only what it still holds byte for byte need not be opened again.
      if (before !== undefined && before.revision.equals(revisionOf(value))) return isOver(before.session) ? forgotten(cookieValue) : before
      const current = opened(ticket, value)
      if (current === null) return forgotten(cookieValue)
      remember(cookieValue, current)
      return current
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
      await store.create(ticket.id, value, ttlMs(session))
      return {
        opened: { ticket, revision: revisionOf(value), session },
        cookieValue: ticketSeal.seal({ id: secret, key: key.toString('base64url') })
      }
    },
    async save ({ ticket, revision }, session) {
      const remainingMs = ttlMs(session)
      if (remainingMs <= 0) return null
      const value = seal(session, ticket.key, ticket.id)
      return await store.replace(ticket.id, revision, value, remainingMs) ? { ticket, revision: revisionOf(value), session } : null
    },
    end: (ticket) => store.delete(ticket.id),
    endAsRead: ({ ticket, revision }) => store.deleteRevision(ticket.id, revision),
    lease: (ticket, leaseMs) => store.lease(ticket.id, leaseMs),
    touchIsDue: (session) => now() - session.lastSeenAt > idleTimeoutMs / touchesPerIdleTimeout
  }
  return sessions
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
