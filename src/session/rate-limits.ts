import { createHash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible'
import type { Config, Route } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import { connectionOptions, keyPrefixOf } from './open-store.ts'
import { connectAgainWhenEnded, createRedisConnection } from './redis-connection.ts'

/** Counts each user's requests on routes with a `rateLimit`, over all replicas where sessions are in Redis. */
export interface RateLimits {
  /**
   * Counts one request.
   * @throws GatewayError too_many_requests, with the seconds until the next one is taken
   */
  take (route: Route, userId: string): Promise<void>
  close (): void
}

/**
 * While Redis does not answer each process counts by itself, so a limit is neither lifted nor a reason to refuse anybody. Who is
 * over the limit is refused from memory until the window ends: a flood costs Redis nothing.
 */
export function openRateLimits ({ routes, session: { redis }, aihubmix: { clientId } }: Pick<Config, 'routes' | 'session' | 'aihubmix'>): RateLimits {
  const prefix = redis === null ? '' : keyPrefixOf(redis, clientId)
  const limited = routes.filter(({ rateLimit }) => rateLimit !== null)
  const client = redis === null || limited.length === 0 ? null : createRedisConnection(connectionOptions(redis))
  client?.on('error', () => {}) // the store of sessions, which is in the same Redis, speaks of it
  client?.connect().catch(() => {}) // ioredis goes on trying
  let isClosed = false
  if (client !== null) connectAgainWhenEnded(client, () => !isClosed)

  const limiters = new Map<Route, RateLimiterAbstract>()
  for (const route of limited) {
    const { requests: points, window } = route.rateLimit ?? { requests: 0, window: 0 }
    const options = { points, duration: Math.ceil(window / 1000), keyPrefix: `${prefix}rate:${nameOf(route)}` }
    limiters.set(route, client === null
      ? new RateLimiterMemory(options)
      : new RateLimiterRedis({ ...options, storeClient: client, rejectIfRedisNotReady: true, inMemoryBlockOnConsumed: points, insuranceLimiter: new RateLimiterMemory(options) }))
  }

  return {
    async take (route, userId) {
      try {
        await limiters.get(route)?.consume(hashed(userId))
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused
        throw new GatewayError('too_many_requests', { retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)) })
      }
    },
    close () {
      isClosed = true
      client?.disconnect()
    }
  }
}

/** The same on every replica, and after a change of the other routes. */
function nameOf ({ host, path, exact, methods }: Route): string {
  return hashed(JSON.stringify([host, path, exact, methods]))
}

/** Who reads the store learns no user's id from it. */
function hashed (text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
