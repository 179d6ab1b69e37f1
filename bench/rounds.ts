import type { Candidate, RunningCandidate } from './candidates/candidate.ts'
import { cpuMicroseconds, residentBytes } from './cpu.ts'
import type { Flags, SetName } from './flags.ts'
import { load } from './load.ts'
import { end } from './processes.ts'
import { nobodysCookies, signUsersIn } from './sign-in.ts'
import { bodyBytes, type World } from './world.ts'

/** One candidate in one round. */
export interface Sample {
  readonly cpuMicroseconds: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly residentBytes: number
}

/** By candidate, one sample a round, rounds in the same order everywhere. */
export type Samples = ReadonlyMap<string, readonly Sample[]>

type LoadSet = Extract<SetName, '1k' | '64k'>
interface Contestant extends RunningCandidate { readonly name: string, readonly cookiesFile: string }

/** Measures the candidates in turns, each round in the other direction: what changes on the machine meets all of them. */
export async function runRounds (world: World, candidates: readonly Candidate[], set: LoadSet, { rounds, seconds, connections }: Pick<Flags, 'rounds' | 'seconds' | 'connections'>): Promise<Samples> {
  const contestants = await startAll(world, candidates)
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`${set}: round ${round + 1} of ${rounds}\r`)
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      samples.get(contestant.name)?.push(await measure(contestant, set, seconds, connections))
    }
  }
  await Promise.all(contestants.map(({ child }) => end(child)))
  return samples
}

async function startAll (world: World, candidates: readonly Candidate[]): Promise<readonly Contestant[]> {
  const running: Array<RunningCandidate & { readonly candidate: Candidate }> = []
  for (const candidate of candidates) running.push({ candidate, ...await candidate.start(world) })
  const cookies = await cookieFilesFor(world, running)
  return running.map(({ candidate: { name }, url, child }, index) => ({ name, url, child, cookiesFile: cookies[index] ?? '' }))
}

/** Signs users in once a group of candidates. Answers the file of Cookie headers for each, in their order. */
export async function cookieFilesFor (world: World, running: ReadonlyArray<RunningCandidate & { readonly candidate: Candidate }>): Promise<readonly string[]> {
  const cookieFiles = new Map<string, string>()
  for (const { candidate: { sessions }, url } of running) {
    if (sessions !== null && !cookieFiles.has(sessions.group)) cookieFiles.set(sessions.group, await signUsersIn(world, sessions, url))
  }
  // Who knows no sessions is sent somebody else's cookies: the requests are to be equally long.
  const [any = await nobodysCookies(world)] = cookieFiles.values()
  return running.map(({ candidate: { sessions } }) => cookieFiles.get(sessions?.group ?? '') ?? any)
}

async function measure ({ url, child, cookiesFile }: Contestant, set: LoadSet, seconds: number, connections: number): Promise<Sample> {
  const pid = child.pid ?? 0
  const request = { url: `${url}/${set}`, cookiesFile, connections, bodyBytes: bodyBytes[set] }
  await load({ ...request, seconds: 1 }) // connections open, code compiled, identities read anew
  const before = cpuMicroseconds(pid)
  const result = await load({ ...request, seconds })
  return {
    cpuMicroseconds: (cpuMicroseconds(pid) - before) / result.requests,
    requestsPerSecond: result.requests * 1_000_000 / result.microseconds,
    p50Ms: result.p50Microseconds / 1_000,
    p99Ms: result.p99Microseconds / 1_000,
    residentBytes: residentBytes(pid)
  }
}
