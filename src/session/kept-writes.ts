import { setTimeout as delay } from 'node:timers/promises'

interface KeptWritesOptions {
  /** How many replicas have what this connection wrote. */
  readonly acknowledged: (withinMs: number) => Promise<number>
  readonly clock?: () => number
}

/** Makes writes that a failover must not lose. */
export interface KeptWrites {
  /**
   * Makes the write, and makes it again until a replica has it; it has to be the same made twice, for which it is told when it is made
   * again. Resolves to the last answer.
   */
  keep<Answer> (write: (isAgain: boolean) => Promise<Answer>): Promise<Answer>
}

const ackMs = 50
/** Whether a replica is back. Reads on the same connection wait for as long. */
const probeMs = 5
const againAfterMs = 250
/** Longer than the Sentinels take to hand over and to say so. */
const handOverMs = 4_000
/** Without a replica there is nobody to hand over to: nothing is waited for until one is back. */
const noReplicaMs = 60_000

/**
 * A failover by Sentinels is no clean hand-over: the old master takes writes, and acknowledges them, for a second or two after its
 * replica was made the new one, and forgets them. So a write that no replica has is made again, on whichever server is master then.
 */
export function createKeptWrites ({ acknowledged, clock = () => performance.now() }: KeptWritesOptions): KeptWrites {
  let noReplicaUntil = -Infinity

  async function hasReplica (): Promise<boolean> {
    if (await acknowledged(clock() < noReplicaUntil ? probeMs : ackMs).catch(() => 0) < 1) return false
    noReplicaUntil = -Infinity
    return true
  }

  return {
    async keep (write) {
      const startedAt = clock()
      let answer = await write(false)
      while (!await hasReplica()) {
        if (clock() < noReplicaUntil) return answer
        if (clock() - startedAt > handOverMs) {
          noReplicaUntil = clock() + noReplicaMs
          return answer
        }
        await delay(againAfterMs)
        answer = await write(true)
      }
      return answer
    }
  }
}
