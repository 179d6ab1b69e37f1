import { bareUndici } from '../candidates/bare-node.ts'
import type { Candidate } from '../candidates/candidate.ts'
import { nginx } from '../candidates/nginx.ts'
import { endContestants, startContestants } from '../contestants.ts'
import { loadTable } from '../report.ts'
import { runRounds, type Pace } from '../rounds.ts'
import type { bodyBytes, World } from '../world.ts'

/** Everybody as fast as they can, answers of one size. */
export async function measureAnswers (world: World, candidates: readonly Candidate[], size: keyof typeof bodyBytes, pace: Pace): Promise<string> {
  const contestants = await startContestants(world, candidates.map((candidate) => ({ candidate })))
  const samples = await runRounds(size, contestants, pace, size)
  await endContestants(contestants)
  return `## ${size} answers\n\n${loadTable(contestants, samples, [
    ['÷ nginx', nginx.name],
    ['÷ bare node', bareUndici.name],
    ['÷ oauth2-proxy, log off', 'oauth2-proxy, log off'],
    ['÷ oauth2-proxy, log on', 'oauth2-proxy, log on']
  ])}`
}
