import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import type { Candidate } from '../candidates/candidate.ts'
import { gateway, thisTree } from '../candidates/gateway.ts'
import { nginx } from '../candidates/nginx.ts'
import { endContestants, startContestants, type Contestant } from '../contestants.ts'
import { residentBytes } from '../cpu.ts'
import { keptAlive, webSocket, type IdleKind } from '../idle-connections.ts'
import { load } from '../load.ts'
import { openFilesLimit } from '../machine.ts'
import { end } from '../processes.ts'
import { takeTurns, type Pace, type Samples } from '../rounds.ts'
import { bodyBytes, startLiveApp, type World } from '../world.ts'
import { median, medianAndRange, percentile, table } from './table.ts'

const counts = [1_000, 10_000]
/** Each round is a start of everybody and 20,000 connections. */
const mostRounds = 3
const atATime = 100
const users = 10
const asked = 200
/** Of the idle connections, one in so many is used again at the end. */
const usedAgain = 100
const settleMs = 1_000
/** Of a process's open files, what is no idle connection. */
const spareFiles = 200

interface Idle {
  /** Resident bytes of each connection at each of the counts. */
  readonly bytesEach: readonly number[]
  readonly residentBytes: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What connections cost that do nothing, and that the proxy answers beside 10,000 of them, and on them. */
export async function measureIdle (world: World, oauth2Proxy: Candidate | null, { rounds }: Pace): Promise<string> {
  const live = await startLiveApp(world)
  const candidates = [nginx, gateway({ tree: thisTree, label: 'gateway', logLevel: 'info' }), ...(oauth2Proxy === null ? [] : [oauth2Proxy])]
  const limit = openFilesLimit()
  const parts: string[] = []
  for (const kind of [keptAlive, webSocket]) {
    const opened = counts.map((count) => Math.min(count, Math.floor((limit - spareFiles) / kind.files)))
    const samples = await takeTurns(`Idle: ${kind.name}`, candidates, Math.min(rounds, mostRounds), (candidate) => measure({ ...world, liveUrl: live.url }, candidate, kind, opened))
    parts.push(idleTable(kind, samples, opened))
  }
  await end(live.child)
  return `## Idle connections

Resident memory beyond that after a second of load, by each connection; then ${asked} requests one after the other beside them, and every ${usedAgain}th of
them used again. A process may have ${limit} files open here, and a WebSocket is two of them.

${parts.join('\n\n')}`
}

function idleTable ({ name: kind }: IdleKind, samples: Samples<Idle>, opened: readonly number[]): string {
  return table([kind, ...opened.map((count) => `KiB each, ${count}`), 'RSS MiB with all', 'answers p50 ms', 'p99 ms'], Array.from(samples, ([name, own]) => [
    name,
    ...opened.map((_count, index) => medianAndRange(own.map(({ bytesEach }) => (bytesEach[index] ?? NaN) / 1_024))),
    medianAndRange(own.map(({ residentBytes }) => residentBytes / 2 ** 20), 0),
    median(own.map(({ p50Ms }) => p50Ms)).toFixed(2),
    median(own.map(({ p99Ms }) => p99Ms)).toFixed(2)
  ]))
}

/** Started anew for each round: what was once used is not given back to the system. */
async function measure (world: World, candidate: Candidate, kind: IdleKind, opened: readonly number[]): Promise<Idle> {
  const contestants = await startContestants(world, [{ candidate, inUse: users }])
  const [sample] = await Promise.all(contestants.map((contestant) => openAndStay(contestant, kind, opened)))
  await endContestants(contestants)
  if (sample === undefined) throw new Error(`${candidate.name} was not started`)
  return sample
}

async function openAndStay ({ url, child, cookiesFile }: Contestant, kind: IdleKind, opened: readonly number[]): Promise<Idle> {
  const pid = child.pid ?? 0
  const cookie = (await readFile(cookiesFile, 'utf8')).split('\n', 1)[0] ?? ''
  await load({ url: `${url}/1k`, cookiesFile, connections: 32, seconds: 1, bodyBytes: bodyBytes['1k'] })
  await delay(settleMs)
  const before = residentBytes(pid)
  const sockets: Socket[] = []
  const bytesEach: number[] = []
  for (const count of opened) {
    while (sockets.length < count) sockets.push(...await Promise.all(Array.from({ length: Math.min(atATime, count - sockets.length) }, () => kind.open(url, cookie))))
    await delay(settleMs)
    bytesEach.push((residentBytes(pid) - before) / count)
  }
  const withAll = residentBytes(pid)
  const tookMs = await answersBeside(url, cookie)
  for (const socket of sockets.filter((_socket, index) => index % usedAgain === 0)) await kind.use(socket, cookie)
  for (const socket of sockets) socket.destroy()
  return { bytesEach, residentBytes: withAll, p50Ms: percentile(tookMs, 0.5), p99Ms: percentile(tookMs, 0.99) }
}

async function answersBeside (url: string, cookie: string): Promise<readonly number[]> {
  const tookMs: number[] = []
  while (tookMs.length < asked) {
    const startedAt = performance.now()
    const { statusCode, body } = await request(`${url}/1k`, { headers: { host: 'gw.test', cookie } })
    await body.dump()
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode} beside idle connections`)
    tookMs.push(performance.now() - startedAt)
  }
  return tookMs
}
