import type { IncomingMessage, ServerResponse } from 'node:http'
import { Transform, type Duplex, type Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { closeInStages } from '../access/early-answer.ts'
import { GatewayError } from '../errors.ts'
import { passEarlyHints } from './early-hints.ts'
import type { AppHeaders, ReceivedHeaders } from './response-headers.ts'
import { mayTryAgain } from './second-try.ts'
import { passTrailers, type ResponseTrailers } from './trailers.ts'
import type { Upstream } from './upstreams.ts'

/** One request on its way to the app. */
export interface Outgoing {
  readonly upstream: Upstream
  readonly path: string
  readonly headers: string[]
  readonly hasBody: boolean
  /** null = unlimited */
  readonly bodyLimitBytes: number | null
}

export interface ForwardHooks {
  readonly responseHeaders: (received: ReceivedHeaders) => AppHeaders
  /** Where there is none, no trailers pass. */
  readonly responseTrailers?: ResponseTrailers
  /** Called once, when the app has answered and before the first byte goes to the client: from here on the reply is ours. Gives the headers of the client's answer. */
  readonly onAnswer: (headers: AppHeaders) => string[]
  /** Called instead, when the client has left before that. */
  readonly onLeft: () => void
  /** Called instead, when there is no answer of the app's to give. */
  readonly onFailed: (error: GatewayError) => void
  /** Where the app agrees to switch protocols (101), its socket is handed over here. */
  readonly onUpgrade?: (headers: AppHeaders, socket: Duplex) => void
}

const clientGone = new Error('client is gone')

/**
 * undici's first kind of handler, which is given headers as they were received: the newer kind reads them all into an object before
 * anybody asks, and holds them as long as the answer takes (docs/decisions/0057).
 */
type Handler = Required<Pick<Dispatcher.DispatchHandler, 'onConnect' | 'onResponseStarted' | 'onUpgrade' | 'onHeaders' | 'onData' | 'onComplete' | 'onError'>>

/**
 * Sends a request to the app and its answer to the client, both streamed and without copies; a slow reader slows the writer.
 * Sent once; a second time only where `mayTryAgain` says that the app cannot have missed it. `onAnswer` is called when the answer has
 * begun, or the client has left; else `onFailed` with upstream_unreachable, upstream_timeout, upstream_bad_response, upstream_busy or
 * body_too_large, once. An answer that breaks off later cuts the connection: never a clean end. Callbacks, since a promise a request
 * costs microtasks of it (docs/decisions/0022).
 */
export function forward (request: IncomingMessage, response: ServerResponse, outgoing: Outgoing, hooks: ForwardHooks): void {
  const { upstream } = outgoing
  const options = dispatchOptions(request, outgoing, hooks.onUpgrade !== undefined)
  let abortCall: ((reason: Error) => void) | null = null
  let resume: (() => void) | null = null
  let bodyBytes: number | null = null
  let hasFirstByte = false
  let hasBegun = false
  let hasBody = false
  let isGivenUp = false
  let isSecondTry = false
  let queueTimer: NodeJS.Timeout | undefined

  const abort = (reason: Error): void => { abortCall?.(reason) }
  const onClose = (): void => { if (!response.writableFinished) abort(clientGone) }
  const onDrain = (): void => { resume?.() }
  response.on('close', onClose)
  response.on('error', ignore) // a write that crosses the client's leaving; 'close' follows

  const letGo = (): void => {
    upstream.requests--
    abortCall = null
    resume = null
  }

  const handler: Handler = {
    onConnect (started) {
      if (queueTimer !== undefined) clearTimeout(queueTimer)
      abortCall = started
      if (response.closed || isGivenUp) started(clientGone)
    },
    onResponseStarted () { hasFirstByte = true },
    onUpgrade (_statusCode, received, socket) {
      letGo()
      response.off('close', onClose)
      const headers = hooks.responseHeaders(received)
      if (headers.upgrade?.toLowerCase() !== 'websocket') { // nobody asked for another protocol (RFC 9110 §7.8)
        socket.destroy()
        return hooks.onFailed(new GatewayError('upstream_bad_response', { cause: new Error('switched to another protocol') }))
      }
      hooks.onUpgrade?.(headers, socket)
    },
    onHeaders (statusCode, received, resumeApp) {
      if (statusCode === 103) passEarlyHints(response, received)
      if (statusCode < 200) return true // all other interim answers are between the app and us
      if (statusCode > 599) throw new Error(`status ${statusCode}`)
      hasBegun = true // what is thrown from here on cuts the connection: nobody else answers any more
      resume = resumeApp
      const headers = hooks.responseHeaders(received)
      bodyBytes = headers.contentLengthBytes
      response.writeHead(statusCode, closingUnread(request, response, hooks.onAnswer(headers)))
      showHeadersSoon(response)
      return true
    },
    onData (chunk) {
      if (!hasBody && chunk.length === bodyBytes) response.end(chunk) // most answers: one write, and no other to end it
      else if (!response.write(chunk)) {
        response.once('drain', onDrain)
        hasBody = true
        return false
      }
      hasBody = true
      return true
    },
    onComplete (trailers) {
      if (trailers !== null && trailers.length > 0) passTrailers(response, trailers, hooks.responseTrailers)
      letGo()
      if (!response.writableEnded) response.end()
    },
    onError (error) {
      letGo()
      if (queueTimer !== undefined) clearTimeout(queueTimer)
      if (isGivenUp) return // answered already
      if (hasBegun) response.destroy()
      else if (hasLeft(request, response)) hooks.onLeft()
      else if (!isSecondTry && !hasFirstByte && mayTryAgain(options, error)) {
        isSecondTry = true
        send()
      } else hooks.onFailed(upstreamError(error))
    }
  }

  function send (): void {
    // Counted here: undici would count through all its connections.
    const isQueued = upstream.requests++ >= upstream.connections
    if (isSecondTry) upstream.fresh.dispatch({ ...options, reset: true }, handler)
    else upstream.pool.dispatch(options, handler)
    if (!isQueued || abortCall !== null) return
    queueTimer = setTimeout(() => {
      isGivenUp = true
      hooks.onFailed(new GatewayError('upstream_busy'))
    }, upstream.queueTimeoutMs)
  }

  if (outgoing.hasBody) askForBody(request, response)
  send()
}

let begun: ServerResponse[] = []

/** An answer whose body comes later (a stream of events) shows its headers at once: one look at all that began in this turn of the event loop. */
function showHeadersSoon (response: ServerResponse): void {
  if (begun.length === 0) setImmediate(showHeaders)
  begun.push(response)
}

function showHeaders (): void {
  const responses = begun
  begun = []
  for (const response of responses) if (!response.writableEnded) response.flushHeaders()
}

function ignore (): void {}

/** Not before it is wanted: who is refused need not send it (RFC 9110 §10.1.1). HTTP/1.0 knows no interim answers. */
function askForBody ({ headers, httpVersion }: IncomingMessage, response: ServerResponse): void {
  if (headers.expect !== undefined && httpVersion !== '1.0') response.writeContinue()
}

/** Nobody is there to answer, and nothing is wrong with the app. */
function hasLeft (request: IncomingMessage, response: ServerResponse): boolean {
  return response.closed || request.errored !== null
}

function dispatchOptions (request: IncomingMessage, { upstream, path, headers, hasBody, bodyLimitBytes }: Outgoing, isUpgrade: boolean): Dispatcher.DispatchOptions {
  return {
    path,
    method: (request.method ?? 'GET') as Dispatcher.HttpMethod, // undici sends any token; its type lists a few
    headers,
    body: hasBody ? bodyOf(request, bodyLimitBytes) : null,
    upgrade: isUpgrade ? 'websocket' : null,
    ...{ servername: upstream.serverName } // read by undici, missing in its type
  }
}

/** An early answer leaves the rest of the body unread: the connection cannot carry another request then (RFC 9112 §9.3). */
function closingUnread (request: IncomingMessage, response: ServerResponse, headers: string[]): string[] {
  if (request.complete) return headers
  closeInStages(response)
  headers.push('connection', 'close')
  return headers
}

/** The body itself; where a limit is set, what a chunked one goes beyond it ends the request to the app unfinished. */
function bodyOf (request: IncomingMessage, limitBytes: number | null): Readable {
  if (limitBytes === null) return request
  let receivedBytes = 0
  const limited = new Transform({
    transform (chunk: Buffer, _encoding, done) {
      receivedBytes += chunk.length
      if (receivedBytes > limitBytes) done(new GatewayError('body_too_large'))
      else done(null, chunk)
    }
  })
  request.on('error', (error) => limited.destroy(error))
  return request.pipe(limited)
}

const timeouts = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'])
const unreachable = /^(UND_ERR_SOCKET|E[A-Z]+|CERT_.*|.*_CERT.*|.*SIGNATURE.*|ERR_TLS_.*|ERR_SSL_.*|HOSTNAME_MISMATCH)$/

function upstreamError (error: Error): GatewayError {
  if (error instanceof GatewayError) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (timeouts.has(code)) return new GatewayError('upstream_timeout', { cause: error })
  return new GatewayError(unreachable.test(code) ? 'upstream_unreachable' : 'upstream_bad_response', { cause: error })
}
