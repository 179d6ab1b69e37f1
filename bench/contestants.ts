import { setTimeout as delay } from 'node:timers/promises'
import type { Candidate, RunningCandidate } from './candidates/candidate.ts'
import { residentBytes } from './cpu.ts'
import { end } from './processes.ts'
import { nobodysCookies, signedInUsers, signUsersIn, type SessionCounts } from './sign-in.ts'
import { checkAnswers } from './signed-in.ts'
import type { World } from './world.ts'

/** A candidate as one set measures it; 200 sessions in use unless it says otherwise. */
export interface Entry extends SessionCounts {
  readonly candidate: Candidate
  /** What the table calls it; the candidate's own name unless given. */
  readonly name?: string
  /** Keep-alive connections; what the flags say unless given. */
  readonly connections?: number
  /** A Redis of its own. */
  readonly redisUrl?: string
}

/** Who is measured: running, its users signed in, and found to do what is to be measured. */
export interface Contestant extends RunningCandidate {
  readonly name: string
  readonly cookiesFile: string
  readonly connections?: number
  /** Resident a second after it was ready, nobody having asked for anything. */
  readonly restBytes: number
}

interface Started extends RunningCandidate { readonly entry: Entry, readonly world: World }

const restMs = 1_000

/** Starts everybody, has users signed in, and throws when one of them does not do what the set is about. */
export async function startContestants (world: World, entries: readonly Entry[]): Promise<readonly Contestant[]> {
  const started: Started[] = []
  for (const entry of entries) {
    const own = { ...world, redisUrl: entry.redisUrl ?? world.redisUrl }
    started.push({ entry, world: own, ...await entry.candidate.start(own) })
  }
  await delay(restMs)
  const rest = started.map(({ child }) => residentBytes(child.pid ?? 0))
  const cookies = await cookieFilesFor(started)
  for (const [index, { entry: { candidate: { name, sessions } }, url }] of started.entries()) await checkAnswers({ name, url, cookiesFile: cookies[index] ?? '' }, sessions)
  return started.map(({ entry: { candidate, name = candidate.name, connections }, world: _, ...running }, index) => ({
    ...running,
    name,
    cookiesFile: cookies[index] ?? '',
    restBytes: rest[index] ?? NaN,
    ...(connections === undefined ? {} : { connections })
  }))
}

export async function endContestants (contestants: readonly Contestant[]): Promise<void> {
  await Promise.all(contestants.map(({ child }) => end(child)))
}

/** Users sign in once a group and number of sessions. Answers the file of Cookie headers for each, in their order. */
async function cookieFilesFor (started: readonly Started[]): Promise<readonly string[]> {
  const files = new Map<string, string>()
  const keyOf = ({ candidate: { sessions }, inUse = signedInUsers, idle = 0 }: Entry): string => `${sessions?.group} ${inUse} ${idle}`
  for (const { entry, world, url } of started) {
    const { sessions } = entry.candidate
    if (sessions !== null && !files.has(keyOf(entry))) files.set(keyOf(entry), await signUsersIn(world, sessions, url, entry))
  }
  // Who knows no sessions is sent somebody else's cookies: the requests are to be equally long.
  const [any = started[0] === undefined ? '' : await nobodysCookies(started[0].world)] = files.values()
  return started.map(({ entry }) => files.get(keyOf(entry)) ?? any)
}
