import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** What is told of a span: our own words, configured names and numbers, never anything that could be secret. */
export type SpanAttributes = Readonly<Record<string, string | number>>

/** How a piece of work ended. */
export interface SpanEnd {
  readonly name?: string
  readonly attributes?: SpanAttributes
  /** An error code; a span without one went well. */
  readonly error?: string | undefined
}

/** One piece of work in a trace (W3C Trace Context), and what a call made for it says of it. */
export interface Trace {
  /** `traceparent` and, where there is one, `tracestate`. */
  readonly traceparent: string
  readonly tracestate: string | null
  /** A call to somebody else, made for this work. */
  call (name: string, attributes?: SpanAttributes): Trace
  end (how?: SpanEnd): void
}

/** Begins the trace of each request. */
export type BeginTrace = (request: IncomingMessage, requestId: string) => Trace

/** A trace that another began, as its headers say. */
export interface RemoteTrace {
  readonly traceId: string
  readonly spanId: string
  readonly flags: string
  readonly tracestate: string | null
}

/** The trace of a request: of a client that may say so, else null. */
export type RemoteTraceOf = (request: IncomingMessage) => RemoteTrace | null

const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
const nothingButZeros = /^0+$/
const longestTracestate = 512

/** Reads W3C Trace Context from peers that are trusted; anybody else could join any trace. */
export function createRemoteTraceOf (isTrusted: (address: string) => boolean): RemoteTraceOf {
  return ({ headers: { traceparent, tracestate }, socket }) => {
    if (traceparent === undefined || !isTrusted(socket.remoteAddress ?? '')) return null
    const [, traceId = '', spanId = '', flags = ''] = traceparentPattern.exec(String(traceparent)) ?? []
    if (nothingButZeros.test(traceId) || nothingButZeros.test(spanId) || flags === '') return null // §3.2.2: as if it were not there
    const state = tracestate === undefined ? '' : String(tracestate)
    return { traceId, spanId, flags, tracestate: state === '' || state.length > longestTracestate ? null : state }
  }
}

/** Traces that nobody exports: the context of who called is passed on as it is, and who brought none is given one, not sampled. */
export function createPassedOnTraces (remoteTraceOf: RemoteTraceOf): BeginTrace {
  return (request, requestId) => {
    const remote = remoteTraceOf(request)
    return remote === null ? unexported(newTraceparent(requestId), null) : unexported(`00-${remote.traceId}-${remote.spanId}-${remote.flags}`, remote.tracestate)
  }
}

function unexported (traceparent: string, tracestate: string | null): Trace {
  const trace: Trace = { traceparent, tracestate, call: () => trace, end () {} }
  return trace
}

/** The id of a request we gave is the id of its trace too, so one string finds both. */
function newTraceparent (requestId: string): string {
  const traceId = /^[0-9a-f]{32}$/.test(requestId) ? requestId : randomUUID().replaceAll('-', '')
  return `00-${traceId}-${traceId.slice(8, 24)}-00`
}

const running = new AsyncLocalStorage<Trace>()

/** Runs work for which calls are made that do not know whose they are, deep below. */
export function inTrace<Args extends readonly unknown[], Result> (trace: Trace, work: (...args: Args) => Result, ...args: Args): Result {
  return running.run(trace, work, ...args)
}

/** The trace that runs here; a new one for work that no request began. */
export function runningTrace (): Trace {
  return running.getStore() ?? unexported(newTraceparent(''), null)
}
