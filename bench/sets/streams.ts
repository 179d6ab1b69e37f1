import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { WebSocket } from 'ws'
import type { Candidate } from '../candidates/candidate.ts'
import { gateway, thisTree } from '../candidates/gateway.ts'
import { nginx } from '../candidates/nginx.ts'
import { endContestants, startContestants, type Contestant } from '../contestants.ts'
import { cpuMicroseconds } from '../cpu.ts'
import { end } from '../processes.ts'
import { takeTurns, type Pace, type Samples } from '../rounds.ts'
import { startLiveApp, type World } from '../world.ts'
import { median, medianAndRange, percentile, ratio, table } from './table.ts'

const socketsOpen = 200
const messagesEach = 200
const listeners = 500
const eventEveryMs = 100
const users = 10

/** What passed through in a round: the proxy's CPU for each, and how long each took. */
interface Passed { readonly cpuMicroseconds: number, readonly p50Ms: number, readonly p99Ms: number }

/** WebSocket messages there and back, and events to many listeners. */
export async function measureStreams (world: World, oauth2Proxy: Candidate | null, { rounds, seconds }: Pace): Promise<string> {
  const live = await startLiveApp(world)
  const candidates = [nginx, gateway({ tree: thisTree, label: 'gateway', logLevel: 'info' }), ...(oauth2Proxy === null ? [] : [oauth2Proxy])]
  const contestants = await startContestants({ ...world, liveUrl: live.url }, candidates.map((candidate) => ({ candidate, inUse: users })))
  const messages = await takeTurns('WebSocket messages', contestants, rounds, exchangeMessages)
  const events = await takeTurns('Events', contestants, rounds, (contestant) => listen(contestant, seconds))
  await Promise.all([endContestants(contestants), end(live.child)])
  return `## Streams

A WebSocket message there and back; ${socketsOpen} are open, each sends its next one when it has heard the last:

${passedTable(messages, oauth2Proxy?.name)}

An event to one of ${listeners} listeners, every ${eventEveryMs} ms:

${passedTable(events, oauth2Proxy?.name)}`
}

function passedTable (samples: Samples<Passed>, other: string | undefined): string {
  const cpu = (own: readonly Passed[] | undefined): readonly number[] | undefined => own?.map(({ cpuMicroseconds }) => cpuMicroseconds)
  return table(['', 'CPU µs each, median (range)', '÷ nginx', '÷ oauth2-proxy', 'p50 ms', 'p99 ms'], Array.from(samples, ([name, own]) => [
    name,
    medianAndRange(cpu(own) ?? []),
    ratio(cpu(own) ?? [], cpu(samples.get(nginx.name))),
    ratio(cpu(own) ?? [], cpu(samples.get(other ?? ''))),
    median(own.map(({ p50Ms }) => p50Ms)).toFixed(2),
    medianAndRange(own.map(({ p99Ms }) => p99Ms), 2)
  ]))
}

async function exchangeMessages ({ url, child, cookiesFile }: Contestant): Promise<Passed> {
  const cookie = await firstCookie(cookiesFile)
  const sockets = await Promise.all(Array.from({ length: socketsOpen }, () => opened(url, cookie)))
  const before = cpuMicroseconds(child.pid ?? 0)
  const tookMs = (await Promise.all(sockets.map(talk))).flat()
  const passed = passedOf((cpuMicroseconds(child.pid ?? 0) - before), tookMs)
  for (const socket of sockets) socket.terminate()
  return passed
}

async function opened (url: string, cookie: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/live/echo`, { headers: { host: 'gw.test', cookie } })
  await new Promise((resolve, reject) => { socket.once('open', resolve).once('error', reject) })
  return socket
}

async function talk (socket: WebSocket): Promise<readonly number[]> {
  const took: number[] = []
  for (let message = 0; message < messagesEach; message++) {
    const startedAt = performance.now()
    const heard = new Promise((resolve, reject) => { socket.once('message', resolve).once('close', reject) })
    socket.send('hello')
    await heard
    socket.removeAllListeners('close')
    took.push(performance.now() - startedAt)
  }
  return took
}

async function listen ({ url, child, cookiesFile }: Contestant, seconds: number): Promise<Passed> {
  const cookie = await firstCookie(cookiesFile)
  const agent = new Agent({ connections: listeners })
  let lateMs: number[] = []
  const streams = await Promise.all(Array.from({ length: listeners }, async () => {
    const { statusCode, body } = await request(`${url}/live/events?everyMs=${eventEveryMs}`, { dispatcher: agent, headers: { host: 'gw.test', cookie } })
    if (statusCode !== 200) throw new Error(`${url} answered an event stream with ${statusCode}`)
    return body
  }))
  const reading = Promise.all(streams.map(async (body) => {
    for await (const chunk of body) {
      for (const [, sentAt] of String(chunk).matchAll(/data: ([\d.]+)\n/g)) lateMs.push(performance.timeOrigin + performance.now() - Number(sentAt))
    }
  })).catch(() => {}) // we leave in the midst of it
  await delay(eventEveryMs)
  lateMs = []
  const before = cpuMicroseconds(child.pid ?? 0)
  await delay(seconds * 1_000)
  const passed = passedOf(cpuMicroseconds(child.pid ?? 0) - before, lateMs)
  await agent.destroy()
  await reading
  return passed
}

function passedOf (cpuMicroseconds: number, tookMs: readonly number[]): Passed {
  return { cpuMicroseconds: cpuMicroseconds / tookMs.length, p50Ms: percentile(tookMs, 0.5), p99Ms: percentile(tookMs, 0.99) }
}

async function firstCookie (file: string): Promise<string> {
  return (await readFile(file, 'utf8')).split('\n', 1)[0] ?? ''
}
