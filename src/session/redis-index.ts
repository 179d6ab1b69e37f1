import { Cluster, type Redis } from 'ioredis'
import type { KeptWrites } from './kept-writes.ts'
import type { SessionIndex } from './session-index.ts'

interface RedisIndexOptions {
  readonly redis: Redis | Cluster
  /** What stands before the user in a key. */
  readonly keyPrefix: string
  readonly run: <Answer>(command: () => Promise<Answer>) => Promise<Answer>
  /** A session that is not noted could not be ended by an operator. */
  readonly kept: KeptWrites
}

/** The hash of a user lives as long as the longest of its sessions can. */
const noteScript = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end`

const keysAScan = 1_000

/** One hash a user: its fields are session ids (hashes of what the ticket holds), its values two times. */
export function createRedisIndex ({ redis, keyPrefix, run, kept }: RedisIndexOptions): SessionIndex {
  const keyOf = (user: string): string => keyPrefix + user

  return {
    note: ({ id, user, createdAt, lastSeenAt }, ttlMs) => kept.keep(() => run(async () => { await redis.eval(noteScript, 1, keyOf(user), id, `${createdAt} ${lastSeenAt}`, Math.ceil(ttlMs)) })),
    remove: ({ id, user }) => run(async () => { await redis.hdel(keyOf(user), id) }),
    async of (user) {
      const fields = await run(() => redis.hgetall(keyOf(user)))
      return Object.entries(fields).map(([id, times]) => {
        const [createdAt = 0, lastSeenAt = 0] = String(times).split(' ').map(Number)
        return { id, user, createdAt, lastSeenAt }
      })
    },
    async * users () {
      const nodes = redis instanceof Cluster ? await run(async () => redis.nodes('master')) : [redis]
      for (const node of nodes) {
        let cursor = '0'
        do {
          const [next, keys] = await run(() => node.scan(cursor, 'MATCH', `${globEscaped(keyPrefix)}*`, 'COUNT', keysAScan))
          yield keys.map((key) => String(key).slice(keyPrefix.length))
          cursor = String(next)
        } while (cursor !== '0')
      }
    }
  }
}

function globEscaped (text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
