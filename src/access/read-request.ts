import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'
import { requestHost } from './host.ts'
import { readRequestTarget, type RequestTarget } from './request-target.ts'

interface ReadRequestOptions {
  readonly urlBytes: number
  readonly bodyBytes: number | null
}

/** A request, and what every decision about it hangs on: set as far as it can be read. */
export interface RequestToRead {
  readonly raw: IncomingMessage
  target: RequestTarget
  hostName: string
}

/** Names and values: older Node versions keep 1,000 headers and drop the rest without a word, what a decision hangs on included. */
const keptByNode = 1_000 * 2

/**
 * Reads and refuses before any decision, on every path: what two servers could read differently never gets further.
 * The function it makes throws GatewayError url_too_long, headers_too_large, malformed_request, malformed_request_target,
 * expectation_failed, method_not_allowed, body_too_large.
 */
export function createReadRequest ({ urlBytes, bodyBytes }: ReadRequestOptions): (request: RequestToRead) => void {
  return (request) => {
    const { url = '', rawHeaders, method, headers } = request.raw
    if (url.length > urlBytes) throw new GatewayError('url_too_long')
    if (rawHeaders.length >= keptByNode) throw new GatewayError('headers_too_large')
    request.target = readRequestTarget(url)
    request.hostName = requestHost(rawHeaders)
    if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') throw new GatewayError('expectation_failed')
    if (method === 'TRACE') throw new GatewayError('method_not_allowed') // it would echo what the browser hides from scripts
    if (bodyBytes !== null && Number(headers['content-length'] ?? 0) > bodyBytes) throw new GatewayError('body_too_large')
  }
}
