import { cookieValues } from '../session/cookies.ts'
import type { OpenSession, UserSessions } from '../session/user-sessions.ts'
import type { Renewal } from './renewal.ts'

/**
 * The session a Cookie header names, up to date; null when it names none that lives. Throws when store or AIHubMix is needed and
 * away. With `mayWait: false` AIHubMix is never waited for: a session that cannot do without it is null for this once.
 */
export type CurrentSession = (cookieHeader: string | undefined, how?: { readonly mayWait: boolean }) => Promise<OpenSession | null>

interface CurrentSessionOptions {
  readonly sessions: UserSessions
  readonly renewal: Renewal
  readonly cookieName: string
}

/** Another site on our parent domain can add cookies of our name: a few are tried, so it can neither sign us out nor cost much. */
export const triedCookies = 4

export function createCurrentSession ({ sessions, renewal, cookieName }: CurrentSessionOptions): CurrentSession {
  return async (cookieHeader, { mayWait } = { mayWait: true }) => {
    for (const value of cookieValues(cookieHeader, cookieName).slice(0, triedCookies)) {
      const opened = await sessions.fromCookie(value)
      if (opened !== null) return mayWait ? await renewal.upToDate(opened) : renewal.atHand(opened)
    }
    return null
  }
}
