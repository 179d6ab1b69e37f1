import { cookieValues } from '../session/cookies.ts'
import type { OpenSession, UserSessions } from '../session/user-sessions.ts'
import type { Renewal } from './renewal.ts'

/**
 * The session a Cookie header names, up to date; null when it names none that lives. Throws when store or AIHubMix is needed and
 * away. With `mayWait: false` AIHubMix is never waited for: a session that cannot do without it is null for this once. At once, without
 * a promise, when the session is at hand and nothing has to be waited for: most requests.
 */
export type CurrentSession = (cookieHeader: string | undefined, how?: { readonly mayWait: boolean }) => OpenSession | null | Promise<OpenSession | null>

interface CurrentSessionOptions {
  readonly sessions: UserSessions
  readonly renewal: Renewal
  readonly cookieName: string
}

/** Another site on our parent domain can add cookies of our name: a few are tried, so it can neither sign us out nor cost much. */
export const triedCookies = 4

export function createCurrentSession ({ sessions, renewal, cookieName }: CurrentSessionOptions): CurrentSession {
  return (cookieHeader, { mayWait } = { mayWait: true }) => {
    const [first, ...others] = cookieValues(cookieHeader, cookieName)
    if (first === undefined) return null
    const opened = sessions.fromCookie(first)
    return opened instanceof Promise ? firstOf(opened, others.slice(0, triedCookies - 1), mayWait) : usable(opened, mayWait)
  }

  function usable (opened: OpenSession, mayWait: boolean): OpenSession | null | Promise<OpenSession | null> {
    return mayWait ? renewal.upToDate(opened) : renewal.atHand(opened)
  }

  async function firstOf (asked: Promise<OpenSession | null>, others: readonly string[], mayWait: boolean): Promise<OpenSession | null> {
    let opened = await asked
    for (const value of others) opened ??= await sessions.fromCookie(value)
    return opened === null ? null : await usable(opened, mayWait)
  }
}
