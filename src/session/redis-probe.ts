import type { RedisConfig } from '../config/schema.ts'
import { connectionOptions } from './open-store.ts'
import { createRedisConnection } from './redis-connection.ts'

/** One Sentinel or node that is away is no outage; this is what all of them together are, and it says less than the one before. */
const allAreAway = 'All sentinels are unreachable'

/**
 * Why Redis does not answer as it is configured: the last error on the way to an answer; null when it answers. ioredis hangs whole commands
 * on its errors, passwords among them: nothing but `code` and `message` may be shown.
 * @throws when a certificate that is named cannot be read
 */
export async function redisFailure (redis: RedisConfig, withinMs: number): Promise<Error | null> {
  const client = createRedisConnection(connectionOptions(redis))
  const { promise: found, resolve } = Promise.withResolvers<Error | null>()
  const isOneServer = redis.url !== undefined
  let last: Error | null = null
  let closed = 0
  const timer = setTimeout(() => { resolve(last ?? new Error('timed out')) }, withinMs)

  const failed = (error: Error): void => {
    const isLastWord = isOneServer || error.name === 'ClusterAllFailedError' || error.message.startsWith(allAreAway)
    if (last === null || !error.message.startsWith(allAreAway)) last = error
    if (isLastWord) resolve(last)
  }
  client.on('error', failed)
  client.on('sentinelError', failed)
  client.on('node error', failed)
  client.on('close', () => { if (isOneServer && ++closed > 1) resolve(last ?? new Error('Connection is closed.')) })
  client.on('ready', () => { client.ping().then(() => resolve(null), failed) })
  client.connect().catch(() => {}) // told through 'error'

  try {
    return await found
  } finally {
    clearTimeout(timer)
    client.disconnect()
  }
}
