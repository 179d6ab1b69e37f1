import { isUtf8 } from 'node:buffer'
import { fetch, type RequestInit as Init, type Response } from 'undici'
import { AuthorizationServerBadResponse, AuthorizationServerUnavailable } from '../errors.ts'
import { runningTrace } from '../telemetry/trace.ts'
import { ConnectionFailed, createConnections, isConnectionFailure } from './connection.ts'
import { parseJsonObject } from './wire.ts'

/** One answer of AIHubMix, read once and whole. */
export interface Answer {
  readonly status: number
  readonly retryAfterSeconds: number | null
  /** Empty when the body is not UTF-8, which JSON is (RFC 8259 §8.1). */
  readonly text: string
}

/** 429: AIHubMix was called too often. */
export class TooManyCalls extends AuthorizationServerUnavailable {
  /** What its Retry-After says, capped; null when it says nothing. */
  readonly toldSeconds: number | null

  constructor (toldSeconds: number | null) {
    super(new Error('HTTP 429'), toldSeconds ?? undefined, 'provider_busy')
    this.toldSeconds = toldSeconds
  }
}

export type Exchange = (url: string, init: RequestInit) => Promise<Answer>

const bodyLimitBytes = 256 * 1024
const longestRetryAfterSeconds = 300

/**
 * Calls AIHubMix: one deadline for the whole answer, a limit to its size after decompression, no redirect followed with
 * credentials, no cookies kept, never sent twice. `connectTimeoutMs` is for the connection alone.
 * @throws ConnectionFailed when nothing was sent, TooManyCalls on 429
 * @throws AuthorizationServerUnavailable on a broken connection, deadline, 408 and 5xx
 * @throws AuthorizationServerBadResponse on a redirect or an answer over the limit
 */
export function createExchange (timeoutMs: number, connectTimeoutMs = timeoutMs): Exchange {
  const dispatcher = createConnections(connectTimeoutMs)
  return async (url, { method = 'GET', headers, body }) => {
    const answer = await received(url, { method, headers: withOurHeaders(headers), body: asText(body), redirect: 'manual', signal: AbortSignal.timeout(timeoutMs), dispatcher })
    if (answer.status >= 300 && answer.status < 400) throw new AuthorizationServerBadResponse(new Error(`redirect ${answer.status}`))
    if (answer.status === 429) throw new TooManyCalls(answer.retryAfterSeconds)
    if (answer.status === 408 || answer.status >= 500) {
      throw new AuthorizationServerUnavailable(new Error(`HTTP ${answer.status}`), answer.retryAfterSeconds ?? undefined)
    }
    return answer
  }
}

async function received (url: string, init: Init): Promise<Answer> {
  try {
    const response = await fetch(url, init)
    return { status: response.status, retryAfterSeconds: retryAfterSeconds(response.headers.get('retry-after')), text: await limitedText(response) }
  } catch (cause) {
    if (cause instanceof AuthorizationServerBadResponse) throw cause
    throw isConnectionFailure(cause) ? new ConnectionFailed(cause) : new AuthorizationServerUnavailable(cause)
  }
}

/** Messages in English for the log; they are never matched (F-44). */
function withOurHeaders (given: RequestInit['headers']): Record<string, string> {
  const { traceparent, tracestate } = runningTrace()
  return {
    ...Object.fromEntries(new Headers(given)),
    accept: 'application/json',
    'accept-language': 'en',
    'user-agent': 'aihubmix-gateway',
    traceparent,
    ...(tracestate === null ? {} : { tracestate })
  }
}

/** What we send is a form or JSON, and nothing that could be read only once. */
function asText (body: RequestInit['body']): string | null {
  if (body == null) return null
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString()
  throw new TypeError('a body is a text or a form')
}

async function limitedText (response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let receivedBytes = 0
  for await (const chunk of response.body ?? []) {
    receivedBytes += chunk.byteLength
    if (receivedBytes > bodyLimitBytes) throw new AuthorizationServerBadResponse(new Error(`body over ${bodyLimitBytes} bytes`))
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  return isUtf8(body) ? body.toString() : ''
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3), capped: an absurd value must not lock anybody out. */
function retryAfterSeconds (value: string | null): number | null {
  if (value === null) return null
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1000)
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 1), longestRetryAfterSeconds)
}

/** @throws AuthorizationServerBadResponse when the body is no JSON object, whatever its content type says (V-06, V-07) */
export function jsonObject (answer: Answer): Readonly<Record<string, unknown>> {
  try {
    return parseJsonObject(answer.text)
  } catch {
    // The parser's message would quote the body, which may hold a token.
    throw new AuthorizationServerBadResponse(new Error(`HTTP ${answer.status}, ${answer.text.length} characters that are no JSON object`))
  }
}
