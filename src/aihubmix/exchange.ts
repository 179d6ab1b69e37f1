import { isUtf8 } from 'node:buffer'
import { AuthorizationServerBadResponse, AuthorizationServerUnavailable } from '../errors.ts'
import { parseJsonObject } from './wire.ts'

/** One answer of AIHubMix, read once and whole. */
export interface Answer {
  readonly status: number
  readonly retryAfterSeconds: number | null
  /** Empty when the body is not UTF-8, which JSON is (RFC 8259 §8.1). */
  readonly text: string
}

export type Exchange = (url: string, init: RequestInit) => Promise<Answer>

const bodyLimitBytes = 256 * 1024
const longestRetryAfterSeconds = 300

/**
 * Calls AIHubMix: one deadline for the whole answer, a limit to its size after decompression, no redirect followed with
 * credentials, no cookies kept, never sent twice.
 * @throws AuthorizationServerUnavailable on connection failure, deadline, 408, 429 and 5xx
 * @throws AuthorizationServerBadResponse on a redirect or an answer over the limit
 */
export function createExchange (timeoutMs: number): Exchange {
  return async (url, init) => {
    const answer = await received(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    if (answer.status >= 300 && answer.status < 400) throw new AuthorizationServerBadResponse(new Error(`redirect ${answer.status}`))
    if (answer.status === 408 || answer.status === 429 || answer.status >= 500) {
      throw new AuthorizationServerUnavailable(new Error(`HTTP ${answer.status}`), answer.retryAfterSeconds ?? undefined)
    }
    return answer
  }
}

async function received (url: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, { ...init, headers: withOurHeaders(init.headers) })
    return { status: response.status, retryAfterSeconds: retryAfterSeconds(response.headers.get('retry-after')), text: await limitedText(response) }
  } catch (cause) {
    throw cause instanceof AuthorizationServerBadResponse ? cause : new AuthorizationServerUnavailable(cause)
  }
}

/** Messages in English for the log; they are never matched (F-44). */
function withOurHeaders (given: RequestInit['headers']): Headers {
  const headers = new Headers(given)
  headers.set('accept', 'application/json')
  headers.set('accept-language', 'en')
  headers.set('user-agent', 'aihubmix-gateway')
  return headers
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
