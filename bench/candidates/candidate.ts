import type { ChildProcess } from 'node:child_process'
import type { World } from '../world.ts'

/** A proxy to be measured. */
export interface Candidate {
  readonly name: string
  /** How its sessions are made; null when it knows none and passes whatever cookie it is sent. */
  readonly sessions: Sessions | null
  /** Starts it on the proxies' core. Resolves as soon as it says it is ready. */
  start (world: World): Promise<RunningCandidate>
}

export interface Sessions {
  /** Candidates of the same group share a store and accept each other's cookies. */
  readonly group: string
  readonly cookieName: string
  /** What tells the app who is signed in; `/identity` of the app answers it. */
  readonly identityHeader: 'x-user-id' | 'x-forwarded-email'
  /**
   * Writes this many sessions into the store, byte for byte as the candidate would have; nobody signs in. Answers their cookie
   * values. `known` is that of somebody who has really signed in.
   */
  seed (redisUrl: string, count: number, known: string): Promise<readonly string[]>
}

export interface RunningCandidate {
  readonly url: string
  /** Where it tells of itself; only ours. */
  readonly adminUrl?: string
  readonly child: ChildProcess
}
