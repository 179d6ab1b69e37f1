import type { Asked, StillPasses } from '../access/still-passes.ts'
import type { SessionStore } from '../session/store.ts'
import type { Ticket, UserSessions } from '../session/user-sessions.ts'
import type { Renewal } from './renewal.ts'

interface SessionWatchOptions {
  readonly store: Pick<SessionStore, 'changes'>
  readonly sessions: Pick<UserSessions, 'read'>
  readonly renewal: Pick<Renewal, 'watch'>
  readonly live: {
    /** Of the sessions that hold something open. */
    tickets (): readonly Ticket[]
    ticket (sessionId: string): Ticket | null
    endSession (sessionId: string, meets?: (asked: Asked) => boolean): void
  }
  readonly stillPasses: StillPasses
  /** How often it is looked for what was not told. */
  readonly everyMs: number
}

/** Nobody watches before `begin` or after `stop`. */
export interface SessionWatch {
  begin (): void
  stop (): void
}

/**
 * Ends what a session holds open (WebSockets, event streams) when the session ends anywhere: on another replica, by an operator, by
 * time, or at AIHubMix; and what the rules do not let its user have any more. The store's word is heard at once; a round looks for what was not told, and asks AIHubMix for who is
 * still allowed. An open connection alone is no use of the session: its idle life goes on running out.
 */
export function watchOpenSessions ({ store, sessions, renewal, live, stillPasses, everyMs }: SessionWatchOptions): SessionWatch {
  let isWatching = false
  let rounds: NodeJS.Timeout | undefined

  async function look (ticket: Ticket): Promise<void> {
    if (!isWatching) return // at shutdown the store is closed, which it tells as a gap
    const opened = await sessions.read(ticket)
    if (!isWatching) return
    if (opened === null) return live.endSession(ticket.id)
    live.endSession(ticket.id, (asked) => !stillPasses(asked, opened.session.identity))
    renewal.watch(opened)
  }

  /** A store that is away ends nothing: the next round looks again. */
  const lookAtAll = (): void => { for (const ticket of live.tickets()) look(ticket).catch(() => {}) }

  return {
    begin () {
      isWatching = true
      store.changes.onChange((id) => {
        const ticket = live.ticket(id)
        if (ticket !== null) look(ticket).catch(() => {})
      })
      store.changes.onGap(lookAtAll)
      rounds = setInterval(lookAtAll, everyMs).unref()
      lookAtAll() // what was opened under the rules before these
    },
    stop () {
      isWatching = false
      clearInterval(rounds)
    }
  }
}
