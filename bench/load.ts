import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { browserHeaders } from './browser-headers.ts'

export interface LoadResult {
  readonly requests: number
  /** Headers and bodies received. */
  readonly bytes: number
  readonly microseconds: number
  readonly p50Microseconds: number
  readonly p99Microseconds: number
}

export interface Load {
  readonly url: string
  /** One Cookie header a line. */
  readonly cookiesFile: string
  readonly connections: number
  readonly seconds: number
  /** What every answer must hold at least: a redirect or an error page is no result. */
  readonly bodyBytes: number
  /** Pauses between the requests of a connection, on average. */
  readonly pauseMs?: number
  /** How many requests were sent before: the walk through the cookies goes on there. */
  readonly asked?: number
  /** A new connection for each request. */
  readonly reconnects?: boolean
}

const script = join(import.meta.dirname, 'load.lua')

/**
 * As many requests as the proxy can answer, by wrk. It waits for an answer before it asks again: a proxy that is slow for a moment
 * is asked less in that moment, so its latencies compare nobody at equal load; see open-loop.ts.
 */
export async function load ({ url, cookiesFile, connections, seconds, bodyBytes, pauseMs, asked = 0, reconnects = false }: Load): Promise<LoadResult> {
  const headers = { ...browserHeaders, ...(reconnects ? { Connection: 'close' } : {}) }
  const { stdout } = await promisify(execFile)('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]), '-s', script, url], {
    env: { ...process.env, BENCH_COOKIES: cookiesFile, BENCH_ASKED: String(asked), ...(pauseMs === undefined ? {} : { BENCH_PAUSE_MS: String(pauseMs) }) }
  })
  const { errors, ...result }: LoadResult & { readonly errors: number } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  if (errors > 0) throw new Error(`${url}: ${errors} of ${result.requests} requests failed\n${stdout}`)
  if (result.bytes < result.requests * bodyBytes) throw new Error(`${url}: answers are shorter than the app's`)
  return result
}
