import { METHODS, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { constants, createServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { ServerConfig } from '../config/schema.ts'
import type { ErrorCode } from '../errors.ts'
import { shortAnswer } from './http1.ts'
import { isReceivedWhole, TranslatedRequest } from './http2-request.ts'
import { TranslatedResponse } from './http2-response.ts'

/** The connections that speak HTTP/2. */
export interface Http2Sessions {
  /** Takes over a connection whose handshake agreed on h2. */
  serve (socket: TLSSocket): void
  /** Takes no new request: what runs may end, who has none is let go. */
  drain (): void
  cutAll (): void
}

type Http2Limits = Pick<ServerConfig['limits'], 'headerBytes' | 'headersTimeout' | 'requestTimeout' | 'idleTimeout'>

const kibibyte = 1_024

/** As many names as an HTTP/1.1 request may have. */
const mostHeaders = 1_000

/** What one client may ask of one connection; the defaults of Node and nghttp2 for all else (CONTINUATION, PING and SETTINGS floods). */
function sessionOptions ({ headerBytes }: Http2Limits) {
  return {
    Http2ServerRequest: TranslatedRequest,
    Http2ServerResponse: TranslatedResponse,
    maxHeaderListPairs: mostHeaders,
    maxSessionInvalidFrames: 100,
    maxSessionMemory: 4, // megabytes of what is not a body: header tables, frames that wait
    streamResetBurst: 200, // rapid reset (CVE-2023-44487): a page that is left cancels what it asked for, and no more
    streamResetRate: 33,
    settings: {
      maxConcurrentStreams: 128,
      maxHeaderListSize: headerBytes,
      initialWindowSize: 256 * kibibyte,
      enablePush: false,
      enableConnectProtocol: false // RFC 8441: browsers then open their WebSockets over HTTP/1.1, on the same port
    }
  }
}

/** Each request goes to the handler as an HTTP/1.1 one would. */
export function createHttp2Sessions (limits: Http2Limits, handler: RequestListener): Http2Sessions {
  const sessions = new Set<ServerHttp2Session>()
  let isDraining = false
  // Both are translated: what is read of them is what HTTP/1.1 would give.
  const handle = (request: unknown, response: unknown): void => { handler(request as IncomingMessage, response as ServerResponse) }
  const server = createServer(sessionOptions(limits))
  const receive = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    if (!METHODS.includes(request.method)) refuse(response, 'malformed_request') // no parser of HTTP/2 knows the methods there are
    else if (sizeOf(request.rawHeaders) > limits.headerBytes) refuse(response, 'headers_too_large') // who never acknowledges our settings is not held to them
    else handle(request, response)
  }
  server.on('request', receive)
  server.on('checkContinue', receive) // see gateway.ts
  server.on('checkExpectation', receive)
  server.on('sessionError', () => {}) // the client's doing; its connection is closed
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.setLocalWindowSize(1_024 * kibibyte)
    letGoOfIdle(session, limits)
    if (isDraining) session.close()
  })

  return {
    serve (socket) { server.emit('connection', socket) },
    drain () {
      isDraining = true
      for (const session of sessions) session.close()
    },
    cutAll () { for (const session of sessions) session.destroy() }
  }
}

function sizeOf (rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((sum, { length }) => sum + length, 0)
}

/** For what no router would know what to do with. */
function refuse (response: Http2ServerResponse, code: ErrorCode): void {
  const { status, body } = shortAnswer(code)
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

/** Only requests keep a connection: frames that carry none (PING, SETTINGS, headers that never end) do not. */
function letGoOfIdle (session: ServerHttp2Session, { headersTimeout, requestTimeout, idleTimeout }: Http2Limits): void {
  let openStreams = 0
  let timer = after(headersTimeout, () => session.destroy())
  session.on('stream', (stream) => {
    openStreams++
    clearTimeout(timer)
    const slow = after(requestTimeout, () => { if (!isReceivedWhole(stream)) stream.close(constants.NGHTTP2_CANCEL) })
    stream.once('close', () => {
      clearTimeout(slow)
      openStreams--
      if (openStreams === 0 && !session.destroyed) timer = after(idleTimeout, () => session.close())
    })
  })
  session.once('close', () => clearTimeout(timer))
}

/** 0 = never. */
function after (delayMs: number, act: () => void): NodeJS.Timeout | undefined {
  return delayMs === 0 ? undefined : setTimeout(act, delayMs)
}
