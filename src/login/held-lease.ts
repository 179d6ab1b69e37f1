import type { Lease } from '../session/store.ts'

/** Another may hold the lease now: what only its holder may do was not begun. */
export class LeaseLost extends Error {}

/** The lease of a renewal that runs, and the right to spend the session's refresh token. */
export interface HeldLease {
  /**
   * Spends a refresh token: the lease is first confirmed for longer than the call may take, so that nobody else can spend the
   * token while its answer is on the way or waits to be saved, though this process stood still or Redis was away.
   * @throws LeaseLost before anything was sent; SessionStoreUnavailable likewise
   */
  spend<Answer> (call: () => Promise<Answer>): Promise<Answer>
  /** Gives it back; it ends by itself when the store does not hear of it. */
  release (): void
}

interface HeldLeaseOptions {
  readonly leaseMs: number
  /** The longest the call may take. */
  readonly callMs: number
  /** Monotonic milliseconds. */
  readonly clock?: () => number
}

/** What the answer may take to be saved, once it is here. */
const saveMs = 10_000

/** Keeps a lease by renewing it while this process runs. */
export function heldLease (lease: Lease, { leaseMs, callMs, clock = () => performance.now() }: HeldLeaseOptions): HeldLease {
  let holdsForMs = leaseMs
  const heartbeat = setInterval(() => { lease.renew(holdsForMs).catch(() => {}) }, leaseMs / 3).unref()

  return {
    async spend (call) {
      holdsForMs = callMs + saveMs // from now on no heartbeat shortens it
      const confirmedAt = clock()
      if (!await lease.renew(holdsForMs)) throw new LeaseLost('the lease was lost before the refresh')
      // This process may have stood still since: then the lease may be over before the call is.
      if (clock() - confirmedAt > saveMs / 2) throw new LeaseLost('the lease was confirmed too long ago')
      return await call()
    },
    release () {
      clearInterval(heartbeat)
      lease.release().catch(() => {})
    }
  }
}
