import type { FastifyReply, FastifyRequest } from 'fastify'
import type { World } from '../world.ts'

/** Unknown paths as one-api answers them (provider.md F-48): JSON below /api and /v1, its single-page app everywhere else. */
export function unknownPath ({ faults }: World) {
  return function answerUnknownPath (request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const usual = /^\/(api|v1)(\/|\?|$)/.test(request.url) ? 'json' : 'html'
    const form = faults.setting('unknownPath', { endpoints: [], username: null, clientId: null }) ?? usual
    if (form === 'html') return reply.code(200).type('text/html; charset=utf-8').send('<!doctype html><title>AIHubMix emulator</title><div id="root"></div>')
    const message = `Invalid URL (${request.method} ${request.url})`
    return reply.code(404).send({ error: { message, type: 'invalid_request_error', param: '', code: '' } })
  }
}
