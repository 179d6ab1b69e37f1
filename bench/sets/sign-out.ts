import { Redis } from 'ioredis'
import { createRedisStore } from '../../src/session/redis-store.ts'
import type { World } from '../world.ts'
import { percentile, table } from './table.ts'

const signOuts = 1_000

/** From just before a session is deleted on one replica until another has been told. */
export async function measureSignOut ({ redisUrl }: World): Promise<string> {
  const options = { place: { url: redisUrl }, keyPrefix: 'sign-out:', commandTimeoutMs: 2_000 }
  const [here, elsewhere] = [createRedisStore(options), createRedisStore(options)]
  const waiting = new Map<string, () => void>()
  elsewhere.changes.onChange((id) => { waiting.get(id)?.() })
  while (!elsewhere.changes.isHeard()) await new Promise(setImmediate)
  const took: number[] = []
  for (let index = 0; index < signOuts; index++) {
    const id = `session-${index}`
    await here.create(id, Buffer.alloc(64), 60_000)
    const told = new Promise<void>((resolve) => { waiting.set(id, resolve) })
    const startedAt = performance.now()
    here.delete(id).catch(() => {})
    await told
    took.push(performance.now() - startedAt)
  }
  const roundTrips = await pings(redisUrl)
  await Promise.all([here.close(), elsewhere.close()])
  const figures = (numbers: readonly number[]): readonly string[] => [0.5, 0.99, 1].map((share) => percentile(numbers, share).toFixed(2))
  return `## A sign-out elsewhere\n\n${signOuts} of ${took.length} were told.\n\n${table(['', 'p50 ms', 'p99 ms', 'most ms'], [
    ['until another replica believes the session no longer', ...figures(took)],
    ['(one round trip to Redis)', ...figures(roundTrips)]
  ])}`
}

async function pings (url: string): Promise<readonly number[]> {
  const redis = new Redis(url)
  const took: number[] = []
  for (let index = 0; index < signOuts; index++) {
    const startedAt = performance.now()
    await redis.ping()
    took.push(performance.now() - startedAt)
  }
  redis.disconnect()
  return took
}
