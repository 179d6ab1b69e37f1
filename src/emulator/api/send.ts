import { gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WireAnswer } from '../answer.ts'
import type { Cut } from '../faults/stages.ts'

/** Sends an API answer, compressed when the client takes gzip, as one-api does (provider.md F-49). */
export function sendAnswer (request: FastifyRequest, reply: FastifyReply, { status, headers, body }: WireAnswer): FastifyReply {
  reply.code(status).headers({ 'cache-control': 'no-store', ...headers })
  if (body === '') return reply.send()
  const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  if (!takesGzip) return reply.send(Buffer.from(body))
  return reply.header('content-encoding', 'gzip').send(gzipSync(body))
}

/** Ends a request without a whole answer: silence, a reset, or a reset after half the body. */
export function cutConnection (reply: FastifyReply, cut: Cut, answer: WireAnswer | null): FastifyReply {
  reply.hijack()
  if (cut === 'hang') return reply
  if (cut === 'reset_mid' && answer !== null) return resetAfterHalf(reply, answer)
  reply.raw.socket?.resetAndDestroy()
  return reply
}

function resetAfterHalf (reply: FastifyReply, { status, headers, body }: WireAnswer): FastifyReply {
  const bytes = Buffer.from(body)
  reply.raw.writeHead(status, { ...headers, 'content-length': bytes.length })
  // The half must have left before the reset, or the client sees a reset without any answer.
  reply.raw.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => reply.raw.socket?.destroy())
  return reply
}
