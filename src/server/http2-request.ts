import type { IncomingHttpHeaders } from 'node:http'
import { constants, Http2ServerRequest, type IncomingHttpHeaders as Http2Headers, type ServerHttp2Stream } from 'node:http2'
import type { ReadableOptions } from 'node:stream'

/**
 * A request of HTTP/2 as one of HTTP/1.1 would be: `Host` from `:authority`, one `Cookie` (RFC 9113 §8.2.3, §8.3.1), no
 * pseudo-headers. Where a `Host` contradicts the authority both are there, and the request is refused as any with two.
 * The rest of the gateway reads every request in the same way, so that no rule can be met by the one protocol and missed by the other.
 */
export class TranslatedRequest extends Http2ServerRequest {
  constructor (stream: ServerHttp2Stream, headers: Http2Headers, options: ReadableOptions, rawHeaders: readonly string[]) {
    super(stream, withHttp1Names(headers, stream.endAfterHeaders), options, http1Headers(rawHeaders))
    this.on('error', () => {}) // told to whoever forwards the body; nobody else needs to listen
  }

  /** Node ends a body that its client reset as if it were whole: the app would take half an upload for all of it. */
  override push (chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk !== null || !this.stream.closed || this.readableEnded) return super.push(chunk, encoding)
    this.destroy(new Error('the stream was reset'))
    return false
  }
}

/** Whether the client has sent its request to the end; what of it has been read is another matter. */
export function isReceivedWhole ({ endAfterHeaders, state }: ServerHttp2Stream): boolean {
  return endAfterHeaders || state.state === constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE
}

/** What is looked up by name. A body without a length is a chunked one in HTTP/1.1. */
function withHttp1Names (headers: Http2Headers, isWithoutBody: boolean): Http2Headers {
  const translated: IncomingHttpHeaders = headers
  const authority = headers[':authority']
  if (authority !== undefined) translated.host = authority
  if (!isWithoutBody && headers['content-length'] === undefined) translated['transfer-encoding'] = 'chunked'
  return headers
}

/** The flat list of an HTTP/2 request as HTTP/1.1 would have it. */
export function http1Headers (raw: readonly string[]): string[] {
  const translated: string[] = []
  const cookies: string[] = []
  let authority: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    if (name === ':authority') authority = value
    else if (name === 'cookie') cookies.push(value)
    else if (!name.startsWith(':')) translated.push(name, value)
  }
  if (cookies.length > 0) translated.push('cookie', cookies.join('; '))
  return authority === undefined ? translated : withAuthority(translated, authority)
}

/** One host said twice is one; two hosts are two. */
function withAuthority (headers: readonly string[], authority: string): string[] {
  const others = headers.flatMap((name, index) => index % 2 === 0 && name !== 'host' ? [name, headers[index + 1] ?? ''] : [])
  const contradicting = headers.flatMap((value, index) => index % 2 === 1 && headers[index - 1] === 'host' && value !== authority ? ['host', value] : [])
  return ['host', authority, ...contradicting, ...others]
}
