import { bareUndici } from '../candidates/bare-node.ts'
import type { Candidate } from '../candidates/candidate.ts'
import { gateway, identitiesAreKept, thisTree } from '../candidates/gateway.ts'
import { endContestants, startContestants } from '../contestants.ts'
import { loadTable } from '../report.ts'
import { runRounds, type Pace } from '../rounds.ts'
import type { World } from '../world.ts'

const many = 10_000

/** One session and 10,000 of them in use, the load going from one to the next; and what they take of memory. */
export async function measureSessions (world: World, oauth2Proxy: Candidate | null, pace: Pace): Promise<string> {
  const ours = gateway({ tree: thisTree, label: 'sessions', logLevel: 'info', config: () => identitiesAreKept })
  const withNodesMemory = gateway({ tree: thisTree, label: 'sessions', logLevel: 'info', nodeFlags: [], config: () => identitiesAreKept })
  const theirs = oauth2Proxy === null ? [] : [1, many].map((inUse) => ({ name: `${oauth2Proxy.name}, ${inUse} in use`, candidate: oauth2Proxy, inUse }))
  const contestants = await startContestants(world, [
    { candidate: bareUndici },
    { name: 'gateway, log on, 1 in use', candidate: ours, inUse: 1 },
    { name: `gateway, log on, ${many} in use`, candidate: ours, inUse: many },
    { name: `the same, without --max-semi-space-size=16, ${many} in use`, candidate: withNodesMemory, inUse: many },
    ...theirs
  ])
  const samples = await runRounds('Sessions', contestants, pace)
  await endContestants(contestants)
  return `## Sessions in use

All connections together walk through the sessions, so each session is asked for as seldom as can be. The 10,000 beyond 200 were written
into Redis, not signed in; identities are not re-read meanwhile (10,000 would be more calls than AIHubMix allows).

${loadTable(contestants, samples, [['÷ bare node', bareUndici.name], ...theirs.map(({ name, inUse }) => [`÷ oauth2-proxy with ${inUse}`, name] as const)])}`
}
