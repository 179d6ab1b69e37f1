import { Pool, request } from 'undici'
import { WebSocket } from 'ws'

interface TrafficOptions {
  readonly url: string
  readonly cookie: string
  readonly perSecond: number
  readonly streams: number
  readonly sockets: number
}

/** Requests at a fixed rate, whatever the answers take, and streams and WebSockets that are opened again when they end. */
export interface Traffic {
  /** Ends a row of the table: what was counted since the last one. */
  phase (name: string): void
  stop (): Promise<{ readonly table: string, readonly failures: readonly string[] }>
}

interface Counts {
  readonly latenciesMs: number[]
  failed: number
  streamsEnded: number
  socketsToldToGo: number
  socketsCut: number
  echoes: number
}

const tickMs = 10
const restartsService = 1012 // RFC 6455 registry: "Service Restart"
const newCounts = (): Counts => ({ latenciesMs: [], failed: 0, streamsEnded: 0, socketsToldToGo: 0, socketsCut: 0, echoes: 0 })

export function startTraffic ({ url, cookie, perSecond, streams, sockets }: TrafficOptions): Traffic {
  const headers = { host: 'gw.test', cookie }
  const pool = new Pool(url, { connections: 64 })
  const over = new AbortController()
  const rows: string[] = ['| | requests | failed | p50 ms | p99 ms | streams opened again | WebSockets closed with 1012 | cut | echoes |', '| --- | --- | --- | --- | --- | --- | --- | --- | --- |']
  const failures: string[] = []
  const pending = new Set<Promise<void>>()
  let counts = newCounts()
  let due = 0

  const fail = (what: string): void => {
    counts.failed++
    failures.push(what)
  }

  async function one (): Promise<void> {
    const { latenciesMs } = counts
    const beganAt = performance.now()
    try {
      const { statusCode, body } = await pool.request({ path: '/page', method: 'GET', headers })
      const text = await body.text()
      latenciesMs.push(performance.now() - beganAt)
      if (statusCode !== 200 || text.length !== 1_024) fail(`${statusCode} ${text.slice(0, 200)}`)
    } catch (error) {
      fail(String(error))
    }
  }

  function track (promise: Promise<void>): void {
    const tracked = promise.finally(() => pending.delete(tracked))
    pending.add(tracked)
  }

  const ticking = setInterval(() => {
    for (due += perSecond * tickMs / 1_000; due >= 1; due--) track(one())
  }, tickMs)

  /** An event stream has no end of its own: a browser opens it again. That it opens at once is what counts. */
  async function stream (): Promise<void> {
    while (!over.signal.aborted) {
      const answer = await request(`${url}/events`, { headers, signal: over.signal }).catch((error: unknown) => { if (!over.signal.aborted) fail(`stream: ${String(error)}`); return null })
      if (answer === null) return
      if (answer.statusCode !== 200) fail(`stream: ${answer.statusCode}`)
      await answer.body.dump().catch(() => {})
      if (!over.signal.aborted) counts.streamsEnded++
    }
  }

  function socket (): void {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/live`, { headers })
    const beat = setInterval(() => { if (ws.readyState === WebSocket.OPEN) ws.send('beat') }, 200)
    ws.on('message', () => counts.echoes++)
    ws.on('error', (error) => { if (!over.signal.aborted) fail(`WebSocket: ${error.message}`) })
    ws.on('close', (code) => {
      clearInterval(beat)
      if (over.signal.aborted) return
      if (code === restartsService) counts.socketsToldToGo++
      else counts.socketsCut++
      socket()
    })
    over.signal.addEventListener('abort', () => ws.terminate())
  }

  for (let index = 0; index < streams; index++) track(stream())
  for (let index = 0; index < sockets; index++) socket()

  function phase (name: string): void {
    const { latenciesMs, failed, streamsEnded, socketsToldToGo, socketsCut, echoes } = counts
    counts = newCounts()
    const sorted = latenciesMs.toSorted((a, b) => a - b)
    const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(1)
    rows.push(`| ${name} | ${sorted.length} | ${failed} | ${at(0.5)} | ${at(0.99)} | ${streamsEnded} | ${socketsToldToGo} | ${socketsCut} | ${echoes} |`)
  }

  return {
    phase,
    async stop () {
      clearInterval(ticking)
      over.abort()
      await Promise.all(pending)
      await pool.close()
      return { table: rows.join('\n'), failures }
    }
  }
}
