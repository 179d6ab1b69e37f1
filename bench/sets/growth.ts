import { startRedis } from '../../test/rig/redis.ts'
import { gateway, identitiesAreKept, thisTree } from '../candidates/gateway.ts'
import { endContestants, startContestants, type Entry } from '../contestants.ts'
import { loadTable } from '../report.ts'
import { runRounds, type Pace } from '../rounds.ts'
import type { World } from '../world.ts'

const routeCounts = [1, 100, 1_000]
const connectionCounts = [32, 1, 256, 1_000]
const storedCounts = [1, 10_000, 100_000]
const mostInUse = 200

/** What a request costs where the configuration has many routes. */
export async function measureRoutes (world: World, pace: Pace): Promise<string> {
  return await measureGrowth(world, 'Routes', pace, routeCounts.map((routes) => {
    const config = ({ upstreamUrl }: World) => ({
      routes: [{ path: '/', upstream: upstreamUrl }, ...Array.from({ length: routes - 1 }, (_value, index) => ({ path: `/other/${index}`, upstream: upstreamUrl }))]
    })
    return { name: `${routes} routes`, candidate: gateway({ tree: thisTree, label: 'routes', logLevel: 'silent', config }) }
  }))
}

/** What a request costs where many connections are busy. */
export async function measureConnections (world: World, pace: Pace): Promise<string> {
  const candidate = gateway({ tree: thisTree, label: 'connections', logLevel: 'silent' })
  return await measureGrowth(world, 'Connections', pace, connectionCounts.map((connections) => ({ name: `${connections} connections`, candidate, connections })))
}

/** What a request costs where Redis holds many sessions, 200 of them in use; each gateway has a Redis of its own. */
export async function measureStored (world: World, pace: Pace): Promise<string> {
  const servers = await Promise.all(storedCounts.map(() => startRedis()))
  try {
    return await measureGrowth(world, 'Sessions in Redis', pace, storedCounts.map((stored, index) => {
      const inUse = Math.min(stored, mostInUse)
      const candidate = gateway({ tree: thisTree, label: `stored-${stored}`, logLevel: 'silent', config: () => identitiesAreKept })
      return { name: `${stored} in Redis, ${inUse} in use`, candidate, inUse, idle: stored - inUse, redisUrl: servers[index]?.url ?? world.redisUrl }
    }))
  } finally {
    await Promise.all(servers.map((server) => server.close()))
  }
}

/** The gateway alone, in ways that should cost the same. */
async function measureGrowth (world: World, title: string, pace: Pace, entries: ReadonlyArray<Entry & { readonly name: string }>): Promise<string> {
  const contestants = await startContestants(world, entries)
  const samples = await runRounds(title, contestants, pace)
  await endContestants(contestants)
  return `## ${title}\n\nThe gateway, log off.\n\n${loadTable(contestants, samples, [['÷ first', entries[0]?.name ?? '']])}`
}
