import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WireAnswer } from '../answer.ts'
import type { Cut } from '../faults/stages.ts'

/** Sends an API answer, compressed when the client takes gzip, as one-api does (provider.md F-49). */
export function sendAnswer (request: FastifyRequest, reply: FastifyReply, answer: WireAnswer): FastifyReply {
  const { bytes, headers } = encoded(request, answer)
  begun(reply, answer.status, headers, bytes.length).raw.end(bytes)
  return reply
}

const piecesPerSecond = 10

/** The same, the body in small pieces: so many bytes a second. */
export async function sendSlowly (request: FastifyRequest, reply: FastifyReply, answer: WireAnswer, bytesPerSecond: number): Promise<FastifyReply> {
  const { bytes, headers } = encoded(request, answer)
  const { raw } = begun(reply, answer.status, headers, bytes.length)
  raw.flushHeaders()
  const pieceBytes = Math.max(1, Math.floor(bytesPerSecond / piecesPerSecond))
  const pauseMs = pieceBytes * 1000 / bytesPerSecond
  for (let at = 0; at < bytes.length && !raw.destroyed; at += pieceBytes) {
    raw.write(bytes.subarray(at, at + pieceBytes))
    await delay(pauseMs, undefined, { ref: false })
  }
  raw.end()
  return reply
}

/** Past the framework, which would add a content type where a fault has taken it away. */
function begun (reply: FastifyReply, status: number, headers: WireAnswer['headers'], bodyBytes: number): FastifyReply {
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value)
  reply.hijack()
  reply.raw.writeHead(status, { 'cache-control': 'no-store', ...headers, 'content-length': bodyBytes })
  return reply
}

function encoded (request: FastifyRequest, { headers, body, gzipped }: WireAnswer): { readonly bytes: Buffer, readonly headers: WireAnswer['headers'] } {
  const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  if (gzipped === undefined && (body === '' || !takesGzip)) return { bytes: Buffer.from(body), headers }
  return { bytes: gzipped ?? gzipSync(body), headers: { ...headers, 'content-encoding': 'gzip' } }
}

/** Ends a request without a whole answer: silence, a reset, or half of the body and then a reset or a plain end. */
export function cutConnection (reply: FastifyReply, cut: Cut, answer: WireAnswer | null): FastifyReply {
  reply.hijack()
  if (cut === 'hang') return reply
  if (cut !== 'reset' && answer !== null) return cutAfterHalf(reply, cut, answer)
  reply.raw.socket?.resetAndDestroy()
  return reply
}

function cutAfterHalf (reply: FastifyReply, cut: Cut, { status, headers, body }: WireAnswer): FastifyReply {
  const bytes = Buffer.from(body)
  const { raw } = reply
  raw.writeHead(status, { ...headers, 'content-length': bytes.length })
  // The half must have left before the end, or the client sees an end without any answer.
  raw.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => {
    if (cut === 'close_early') raw.socket?.end()
    else raw.socket?.resetAndDestroy()
  })
  return reply
}
