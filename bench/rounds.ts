import { cpuMicroseconds, residentBytes } from './cpu.ts'
import type { Contestant } from './contestants.ts'
import type { Flags } from './flags.ts'
import { load, type Load } from './load.ts'
import { bodyBytes } from './world.ts'

/** One contestant in one round. */
export interface Sample {
  /** Of a request. */
  readonly cpuMicroseconds: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly residentBytes: number
  /** CPU seconds a second, of the process and its children: below one core, somebody else was the limit of the rate. */
  readonly cores: number
}

/** By contestant, one sample a round, rounds in the same order everywhere. */
export type Samples<Kind = Sample> = ReadonlyMap<string, readonly Kind[]>

export type Pace = Pick<Flags, 'rounds' | 'seconds' | 'connections'>

/** The longer one meets every session of the largest set once. */
const firstWarmUpSeconds = 3
const warmUpSeconds = 1

/** Measures all of them in turns, each round in the other direction: what changes on the machine meets everybody. */
export async function takeTurns<Who extends { readonly name: string }, Kind> (title: string, all: readonly Who[], rounds: number, measure: (who: Who, round: number) => Promise<Kind>): Promise<Samples<Kind>> {
  const samples = new Map<string, Kind[]>(all.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`${title}: round ${round + 1} of ${rounds}\r`)
    for (const who of round % 2 === 0 ? all : all.toReversed()) samples.get(who.name)?.push(await measure(who, round))
  }
  return samples
}

/** As many requests as each can answer. */
export async function runRounds (title: string, contestants: readonly Contestant[], pace: Pace, path: keyof typeof bodyBytes = '1k'): Promise<Samples> {
  const asked = new Map<string, number>()
  return await takeTurns(title, contestants, pace.rounds, async ({ name, url, child, cookiesFile, connections = pace.connections }, round) => {
    const ask = async (seconds: number): Promise<Loaded> => {
      const loaded = await measureLoad(child.pid ?? 0, { url: `${url}/${path}`, cookiesFile, connections, seconds, bodyBytes: bodyBytes[path], asked: asked.get(name) ?? 0 })
      asked.set(name, (asked.get(name) ?? 0) + loaded.requests)
      return loaded
    }
    await ask(round === 0 ? firstWarmUpSeconds : warmUpSeconds) // connections open, code compiled, identities read anew
    return await ask(pace.seconds)
  })
}

interface Loaded extends Sample { readonly requests: number }

/** Loads one process and its children. */
export async function measureLoad (pid: number, request: Load): Promise<Loaded> {
  const before = cpuMicroseconds(pid)
  const { requests, microseconds, p50Microseconds, p99Microseconds } = await load(request)
  const cpu = cpuMicroseconds(pid) - before
  return {
    requests,
    cores: cpu / microseconds,
    cpuMicroseconds: cpu / requests,
    requestsPerSecond: requests * 1_000_000 / microseconds,
    p50Ms: p50Microseconds / 1_000,
    p99Ms: p99Microseconds / 1_000,
    residentBytes: residentBytes(pid)
  }
}
