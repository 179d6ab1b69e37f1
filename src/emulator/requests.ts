import type { FastifyRequest } from 'fastify'
import { formOf, urlOf } from './body.ts'

/** A request as AIHubMix saw it. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The members of a form; empty for other bodies. */
  readonly body: Readonly<Record<string, string>>
  readonly rawBody: string
  /** Epoch milliseconds of the emulator's clock. */
  readonly at: number
}

export const countables = ['authorize', 'token', 'authorization_code', 'refresh_token', 'userinfo', 'topup', 'apps', 'rate_limited'] as const
export type Countable = typeof countables[number]

/** What was asked, and how often each endpoint was reached. */
export interface Requests {
  readonly all: readonly RecordedRequest[]
  record (request: FastifyRequest, at: number): void
  countUp (what: readonly string[]): void
  count (what: Countable): number
  reset (): void
}

export function createRequests (): Requests {
  const all: RecordedRequest[] = []
  const counts = new Map<string, number>()
  return {
    all,
    record (request, at) { all.push(recorded(request, at)) },
    countUp (what) {
      for (const name of what) counts.set(name, (counts.get(name) ?? 0) + 1)
    },
    count: (what) => counts.get(what) ?? 0,
    reset () {
      all.length = 0
      counts.clear()
    }
  }
}

function recorded (request: FastifyRequest, at: number): RecordedRequest {
  const { pathname, searchParams } = urlOf(request)
  return {
    method: request.method,
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    body: Object.fromEntries(formOf(request) ?? []),
    rawBody: typeof request.body === 'string' ? request.body : '',
    at
  }
}
