import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { request } from 'undici'
import { WebSocket } from 'ws'
import { freePort } from '../../test/rig/redis.ts'
import { gateway } from '../candidates/gateway.ts'
import { cpuMicroseconds, residentBytes } from '../cpu.ts'
import { answers, end, launch, supportCore } from '../processes.ts'
import { signUsersIn } from '../sign-in.ts'
import type { World } from '../world.ts'
import { percentile, table } from './table.ts'

const socketsOpen = 200
const messagesEach = 100
const listeners = 500
const eventSeconds = 10
const idleConnections = 1_000

/** WebSocket messages there and back, events to many listeners, and what a connection costs that does nothing. */
export async function measureStreams (world: World): Promise<string> {
  const port = await freePort()
  const app = launch({ core: supportCore, command: process.execPath, args: [join(import.meta.dirname, '../soak/app.ts'), String(port)], outputFile: join(world.folder, 'streams.log') })
  const candidate = gateway({
    tree: join(import.meta.dirname, '../..'),
    label: 'streams',
    logLevel: 'silent',
    config: ({ upstreamUrl }) => ({ routes: [{ path: '/', upstream: upstreamUrl }, { path: '/live', upstream: `http://127.0.0.1:${port}` }] })
  })
  const { url, child } = await candidate.start(world)
  await answers(`${url}/oauth2/ping`, child)
  if (candidate.sessions === null) throw new Error('a gateway without sessions')
  const [cookie = ''] = (await readFile(await signUsersIn(world, candidate.sessions, url), 'utf8')).split('\n')
  const pid = child.pid ?? 0

  const atRest = residentBytes(pid)
  const sockets = await Promise.all(Array.from({ length: socketsOpen }, () => opened(url, cookie)))
  const withSockets = residentBytes(pid)
  const before = cpuMicroseconds(pid)
  const delays = (await Promise.all(sockets.map(talk))).flat()
  const perMessage = (cpuMicroseconds(pid) - before) / delays.length
  for (const socket of sockets) socket.terminate()

  const leaving = new AbortController()
  const streams = await Promise.all(Array.from({ length: listeners }, () => request(`${url}/live/events`, { headers: { host: 'gw.test', cookie }, signal: leaving.signal })))
  let events = 0
  const late: number[] = []
  const reading = Promise.all(streams.map(async ({ body }) => {
    for await (const chunk of body) {
      for (const [, sentAt] of String(chunk).matchAll(/data: (\d+)/g)) { events++; late.push(Date.now() - Number(sentAt)) }
    }
  })).catch(() => {})
  const eventsFrom = cpuMicroseconds(pid)
  await new Promise((resolve) => setTimeout(resolve, eventSeconds * 1_000))
  const perEvent = (cpuMicroseconds(pid) - eventsFrom) / events
  leaving.abort()
  await reading

  const idle = await idleCost(url, cookie, pid)
  await Promise.all([end(child), end(app)])
  return `## Streams and idle connections\n\n${table(['', 'CPU µs each', 'p50 ms', 'p99 ms', 'KiB each'], [
    [`WebSocket message, there and back (${socketsOpen} open)`, perMessage.toFixed(1), percentile(delays, 0.5).toFixed(2), percentile(delays, 0.99).toFixed(2), ((withSockets - atRest) / 1_024 / socketsOpen).toFixed(1)],
    [`event, one of ${listeners} listeners`, perEvent.toFixed(1), percentile(late, 0.5).toFixed(2), percentile(late, 0.99).toFixed(2), ''],
    [`idle kept-alive connection, ${idleConnections}`, '', '', idle.toFixed(1)]
  ])}`
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
    const heard = new Promise((resolve) => { socket.once('message', resolve) })
    socket.send('hello')
    await heard
    took.push(performance.now() - startedAt)
  }
  return took
}

/** KiB of each of a thousand connections that have asked once and stay. */
async function idleCost (url: string, cookie: string, pid: number): Promise<number> {
  const before = residentBytes(pid)
  const { port, hostname } = new URL(url)
  const sockets = await Promise.all(Array.from({ length: idleConnections }, () => new Promise<Socket>((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    socket.once('error', reject)
    socket.write(`GET /1k HTTP/1.1\r\nHost: gw.test\r\nCookie: ${cookie}\r\n\r\n`)
    socket.once('data', () => resolve(socket))
  })))
  const each = (residentBytes(pid) - before) / 1_024 / idleConnections
  for (const socket of sockets) socket.destroy()
  return each
}
