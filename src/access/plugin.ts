import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../errors.ts'
import { requestHost } from './host.ts'
import { readRequestTarget, type RequestTarget } from './request-target.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The one reading of the request target; set before anything is decided. */
    target: RequestTarget
    /** The host asked for, without port, lower-case. */
    hostName: string
  }
}

interface ReadRequestsOptions {
  readonly urlBytes: number
  readonly bodyBytes: number | null
}

/** Names and values: older Node versions keep 1,000 headers and drop the rest without a word, what a decision hangs on included. */
const keptByNode = 1_000 * 2

/** Reads and refuses before any decision, on every path: what two servers could read differently never gets further. */
export function readEachRequest (app: FastifyInstance, { urlBytes, bodyBytes }: ReadRequestsOptions): void {
  app.decorateRequest('target', null as never) // one shape for every request; the hook below sets it
  app.decorateRequest('hostName', '')
  // Node would answer an expectation it does not know by itself, without a word (RFC 9110 §10.1.1).
  app.server.on('checkExpectation', (request, response) => { app.routing(request, response) })
  app.addHook('onRequest', function readRequest (request, _reply, done) {
    const { url = '', rawHeaders, method, headers } = request.raw
    if (url.length > urlBytes) throw new GatewayError('url_too_long')
    if (rawHeaders.length >= keptByNode) throw new GatewayError('headers_too_large')
    request.target = readRequestTarget(url)
    request.hostName = requestHost(rawHeaders)
    if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') throw new GatewayError('expectation_failed')
    if (method === 'TRACE') throw new GatewayError('method_not_allowed') // it would echo what the browser hides from scripts
    if (bodyBytes !== null && Number(headers['content-length'] ?? 0) > bodyBytes) throw new GatewayError('body_too_large')
    done()
  })
}
