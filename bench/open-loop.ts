import { readFile } from 'node:fs/promises'
import { Pool } from 'undici'
import { browserHeaders } from './browser-headers.ts'

export interface Schedule {
  readonly url: string
  /** One Cookie header a line. */
  readonly cookiesFile: string
  readonly perSecond: number
  readonly seconds: number
  /** What every answer must hold. */
  readonly bodyBytes: number
}

/** Sends and answers counted from the moment each request was due. */
export interface Latencies {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly mostMs: number
}

const tickMs = 1
/** Connections open and code compiled; not counted. */
const warmUpSeconds = 1
/** So many that none of them is waited for. */
const connections = 512
const patienceMs = 10_000

/**
 * Each request has its moment, evenly spread, and goes out then however late the answers before it are. Its latency counts from that
 * moment, not from when it was sent: so what waits behind a stall is counted too (coordinated omission), and everybody is offered the
 * same. Our own timers wake up to some ms late, for everybody alike. Throws when a request fails or all are not answered in time.
 */
export async function openLoop ({ url, cookiesFile, perSecond, seconds, bodyBytes }: Schedule): Promise<Latencies> {
  const { origin, pathname } = new URL(url)
  const cookies = (await readFile(cookiesFile, 'utf8')).trim().split('\n')
  const headers = cookies.map((cookie) => ({ ...browserHeaders, Cookie: cookie }))
  const pool = new Pool(origin, { connections, pipelining: 1 })
  const warmUp = Math.round(perSecond * warmUpSeconds)
  const total = warmUp + Math.round(perSecond * seconds)
  const tookMs = new Float64Array(total - warmUp)
  const over = Promise.withResolvers<undefined>()
  const beganAt = performance.now()
  const dueAt = (index: number): number => beganAt + index * 1_000 / perSecond
  let [next, answered] = [0, 0]

  const send = (index: number): void => {
    let [status, bytes] = [0, 0]
    pool.dispatch({ path: pathname, method: 'GET', headers: headers[index % headers.length] ?? {} }, {
      onRequestStart () {},
      onResponseStart (_controller, statusCode) { status = statusCode },
      onResponseData (_controller, chunk) { bytes += chunk.length },
      onResponseError (_controller, error) { over.reject(error) },
      onResponseEnd () {
        if (status !== 200 || bytes < bodyBytes) over.reject(new Error(`${url} answered ${status} with ${bytes} bytes`))
        if (index >= warmUp) tookMs[index - warmUp] = performance.now() - dueAt(index)
        if (++answered === total) over.resolve(undefined)
      }
    })
  }
  const sendDue = (): void => { for (const now = performance.now(); next < total && dueAt(next) <= now;) send(next++) }

  const ticking = setInterval(sendDue, tickMs)
  const patience = setTimeout(() => over.reject(new Error(`${url} answered ${answered} of ${total} requests in time`)), (warmUpSeconds + seconds) * 1_000 + patienceMs)
  try {
    await over.promise
  } finally {
    clearInterval(ticking)
    clearTimeout(patience)
    await pool.destroy()
  }
  return figures(tookMs.toSorted())
}

function figures (sorted: Float64Array): Latencies {
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { p50Ms: at(0.5), p99Ms: at(0.99), mostMs: at(1) }
}
