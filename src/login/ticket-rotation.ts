import type { IncomingHttpHeaders } from 'node:http'
import { cookieValues } from '../session/cookies.ts'
import type { OpenSession, UserSessions } from '../session/user-sessions.ts'
import { triedCookies } from './current-session.ts'
import type { SetCookies } from './set-cookies.ts'

/**
 * The Set-Cookie that seals a session's ticket with the key of today, when the one that was shown is sealed with an older one: so
 * the old key can go once everybody has come by, and nobody is signed out. Null when there is nothing to do.
 */
export type TicketRotation = (request: { readonly headers: IncomingHttpHeaders, readonly hostName: string }, opened: OpenSession) => string | null

interface TicketRotationOptions {
  readonly sessions: Pick<UserSessions, 'resealed'>
  readonly cookies: SetCookies
  readonly cookieName: string
  readonly keys: readonly unknown[]
  readonly maxAgeMs: number
  readonly now: () => number
}

export function createTicketRotation ({ sessions, cookies, cookieName, keys, maxAgeMs, now }: TicketRotationOptions): TicketRotation {
  if (keys.length < 2) return () => null // the hot path, most of the time
  return ({ headers, hostName }, opened) => {
    for (const value of cookieValues(headers.cookie, cookieName).slice(0, triedCookies)) {
      const resealed = sessions.resealed(value, opened.ticket.id)
      if (resealed !== null) return cookies.text(hostName, cookieName, resealed, opened.session.createdAt + maxAgeMs - now())
    }
    return null
  }
}
