import { constants, Http2ServerResponse, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { isReceivedWhole } from './http2-request.ts'

/** Lists of HTTP/2 know no such fields (RFC 9113 §8.2.2). */
const connectionSpecific = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings', 'te'])

/** Names that Node resets a stream for when they are there twice; HTTP/1.1 passes them on, and an app beside another proxy sends some so. */
const oncePerAnswer = new Set([
  'access-control-allow-credentials', 'access-control-max-age', 'age', 'content-encoding', 'content-language', 'content-length', 'content-location', 'content-md5', 'content-range',
  'content-type', 'date', 'etag', 'expires', 'from', 'host', 'last-modified', 'location', 'max-forwards', 'referer', 'retry-after', 'tk', 'user-agent', 'x-content-type-options',
  'access-control-request-method', 'authorization', 'dnt', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'proxy-authorization', 'range', 'upgrade-insecure-requests'
])

/** An answer of HTTP/2 that is written, watched and cut like one of HTTP/1.1. */
export class TranslatedResponse extends Http2ServerResponse {
  constructor (stream: ServerHttp2Stream) {
    super(stream)
    Object.defineProperty(this, 'closed', { get: () => stream.closed })
    // Node finishes the writable side of a stream that was reset, too.
    Object.defineProperty(this, 'writableFinished', { get: () => this.writableEnded && stream.writableFinished && stream.rstCode === constants.NGHTTP2_NO_ERROR })
    stream.once('finish', () => { refuseTheRest(stream) })
  }

  /** An answer that is cut must not look whole: its stream is reset, never just ended. */
  override destroy (): this {
    if (!this.stream.closed) this.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    return this
  }

  /** Takes pairs, repeated names included. */
  override addTrailers (trailers: OutgoingHttpHeaders | ReadonlyArray<readonly [string, string]>): void {
    super.addTrailers(Array.isArray(trailers) ? grouped(trailers.flat()) : allowed(Object(trailers)))
  }

  override setHeader (name: string, value: string | readonly string[]): void {
    if (!connectionSpecific.has(name.toLowerCase())) super.setHeader(name, value)
  }

  /** Takes the flat list too, repeated names included. */
  override writeHead (statusCode: number, headers?: OutgoingHttpHeaders | string | readonly string[]): this {
    return super.writeHead(statusCode, Array.isArray(headers) ? grouped(headers) : allowed(Object(headers)))
  }
}

/** Who was answered before the end of his body need not send the rest (RFC 9113 §8.1). */
function refuseTheRest (stream: ServerHttp2Stream): void {
  if (!stream.closed && !isReceivedWhole(stream)) stream.close(constants.NGHTTP2_NO_ERROR)
}

function allowed (headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !connectionSpecific.has(name.toLowerCase())))
}

function grouped (flat: readonly string[]): OutgoingHttpHeaders {
  const headers = new Map<string, string[]>()
  for (let index = 0; index < flat.length; index += 2) {
    const name = (flat[index] ?? '').toLowerCase()
    const values = headers.get(name) ?? []
    values.push(flat[index + 1] ?? '')
    headers.set(name, values)
  }
  return allowed(Object.fromEntries(Array.from(headers, ([name, values]) => [name, values.length === 1 || oncePerAnswer.has(name) ? values[0] : values])))
}
