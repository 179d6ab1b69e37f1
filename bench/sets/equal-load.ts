import type { Candidate, RunningCandidate } from '../candidates/candidate.ts'
import type { Flags } from '../flags.ts'
import { load } from '../load.ts'
import { end } from '../processes.ts'
import { cookieFilesFor } from '../rounds.ts'
import { bodyBytes, type World } from '../world.ts'
import { median, table } from './table.ts'

const share = 0.6
const pauseMs = 20

/** Latency where everybody is offered the same: a share of what the slowest of them can do. */
export async function measureEqualLoad (world: World, candidates: readonly Candidate[], { rounds, seconds, connections }: Pick<Flags, 'rounds' | 'seconds' | 'connections'>): Promise<string> {
  const running: Array<RunningCandidate & { readonly candidate: Candidate }> = []
  for (const candidate of candidates) running.push({ candidate, ...await candidate.start(world) })
  const cookies = await cookieFilesFor(world, running)
  const ask = (index: number) => ({ url: `${running[index]?.url}/1k`, cookiesFile: cookies[index] ?? '', bodyBytes: bodyBytes['1k'], seconds })

  const most: number[] = []
  for (const index of running.keys()) {
    const { requests, microseconds } = await load({ ...ask(index), connections })
    most.push(requests * 1_000_000 / microseconds)
  }
  const rate = share * Math.min(...most)
  const paced = { connections: Math.max(1, Math.round(rate * (pauseMs + 2) / 1_000)), pauseMs }
  const samples = running.map(() => ({ p50: [] as number[], p99: [] as number[], rate: [] as number[] }))
  for (let round = 0; round < rounds; round++) {
    for (const index of round % 2 === 0 ? running.keys() : [...running.keys()].toReversed()) {
      const { requests, microseconds, p50Microseconds, p99Microseconds } = await load({ ...ask(index), ...paced })
      samples[index]?.p50.push(p50Microseconds / 1_000)
      samples[index]?.p99.push(p99Microseconds / 1_000)
      samples[index]?.rate.push(requests * 1_000_000 / microseconds)
    }
  }
  await Promise.all(running.map(({ child }) => end(child)))
  return `## Equal offered load\n\n${share * 100} % of what the slowest can do: about ${Math.round(rate)} requests/s from ${paced.connections} connections that pause ${pauseMs} ms on average.\n\n${table(
    ['', 'requests/s', 'p50 ms', 'p99 ms'],
    running.map(({ candidate: { name } }, index) => [name, median(samples[index]?.rate ?? []).toFixed(0), median(samples[index]?.p50 ?? []).toFixed(2), median(samples[index]?.p99 ?? []).toFixed(2)])
  )}`
}
