import { request } from 'undici'
import { bareUndici } from '../candidates/bare-node.ts'
import type { Candidate } from '../candidates/candidate.ts'
import { gateway, identitiesAreKept, thisTree } from '../candidates/gateway.ts'
import { endContestants, startContestants, type Contestant } from '../contestants.ts'
import { loadTable } from '../report.ts'
import { runRounds, type Pace } from '../rounds.ts'
import type { World } from '../world.ts'

/** Twice what a process keeps: whoever comes has been forgotten since they came last. */
const tooMany = 20_000

/** Each request is of a session that the process does not have: ticket, Redis and decryption each time. oauth2-proxy does that for every request. */
export async function measureMisses (world: World, oauth2Proxy: Candidate | null, pace: Pace): Promise<string> {
  const candidate = gateway({ tree: thisTree, label: 'miss', logLevel: 'silent', config: () => identitiesAreKept })
  const contestants = await startContestants(world, [
    { candidate: bareUndici },
    { name: 'gateway, log off, sessions at hand', candidate },
    { name: 'gateway, log off, every session from Redis', candidate, inUse: tooMany },
    ...(oauth2Proxy === null ? [] : [{ candidate: oauth2Proxy, inUse: tooMany }])
  ])
  const samples = await runRounds('Misses', contestants, pace)
  const shares = await Promise.all(contestants.map(missShare))
  await endContestants(contestants)
  return `## Sessions a process does not have

${contestants.flatMap(({ name }, index) => shares[index] === null ? [] : [`${name}: ${((shares[index] ?? NaN) * 100).toFixed(1)} % of the lookups went to Redis.`]).join('\n')}

${loadTable(contestants, samples, [['÷ bare node', bareUndici.name], ...(oauth2Proxy === null ? [] : [['÷ oauth2-proxy', oauth2Proxy.name] as const])])}`
}

/** Since the start; null for who does not tell. */
async function missShare ({ adminUrl }: Contestant): Promise<number | null> {
  if (adminUrl === undefined) return null
  const { body } = await request(`${adminUrl}/metrics`)
  const text = await body.text()
  const count = (outcome: string): number => Number(new RegExp(`session_cache_lookups_total{[^}]*outcome="${outcome}"[^}]*} (\\S+)`).exec(text)?.[1] ?? 0)
  return count('miss') / (count('miss') + count('hit'))
}
