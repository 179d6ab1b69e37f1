import type { Candidate } from '../candidates/candidate.ts'
import { endContestants, startContestants, type Contestant } from '../contestants.ts'
import { openLoop } from '../open-loop.ts'
import { measureLoad, takeTurns, type Pace } from '../rounds.ts'
import { bodyBytes, type World } from '../world.ts'
import { median, medianAndRange, table } from './table.ts'

const share = 0.6

/** Latency where everybody is offered the same: a share of what the slowest of them can do, by a schedule that waits for nobody. */
export async function measureEqualLoad (world: World, candidates: readonly Candidate[], { rounds, seconds, connections }: Pace): Promise<string> {
  const contestants = await startContestants(world, candidates.map((candidate) => ({ candidate })))
  const perSecond = Math.round(share * Math.min(...await rates(contestants, seconds, connections)))
  const nobody = { name: '(straight to the app, no proxy)', url: world.upstreamUrl, cookiesFile: contestants[0]?.cookiesFile ?? '' }
  const samples = await takeTurns('Equal load', [nobody, ...contestants], rounds, ({ url, cookiesFile }) => openLoop({ url: `${url}/1k`, cookiesFile, perSecond, seconds, bodyBytes: bodyBytes['1k'] }))
  await endContestants(contestants)
  return `## Equal offered load

${perSecond} requests/s, ${share * 100} % of what the slowest can do, each at its own moment however late the answers are; latency from that moment on.

${table(['', 'p50 ms', 'p99 ms, median (range)', 'most ms'], Array.from(samples, ([name, own]) => [
    name,
    median(own.map(({ p50Ms }) => p50Ms)).toFixed(2),
    medianAndRange(own.map(({ p99Ms }) => p99Ms), 2),
    Math.max(...own.map(({ mostMs }) => mostMs)).toFixed(1)
  ]))}`
}

/** What each can do. */
async function rates (contestants: readonly Contestant[], seconds: number, connections: number): Promise<readonly number[]> {
  const found: number[] = []
  for (const { url, cookiesFile, child } of contestants) {
    const { requestsPerSecond } = await measureLoad(child.pid ?? 0, { url: `${url}/1k`, cookiesFile, connections, seconds, bodyBytes: bodyBytes['1k'] })
    found.push(requestsPerSecond)
  }
  return found
}
