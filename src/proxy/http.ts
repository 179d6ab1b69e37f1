import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Transform, type Duplex, type Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { GatewayError } from '../errors.ts'
import { mayTryAgain } from './second-try.ts'
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
  readonly responseHeaders: (headers: IncomingHttpHeaders) => string[]
  /** Called once, when the app has answered and before the first byte goes to the client: from here on the reply is ours. */
  readonly onAnswer: (headers?: IncomingHttpHeaders) => void
  /** Called instead, when there is no answer of the app's to give. */
  readonly onFailed: (error: GatewayError) => void
  /** Where the app agrees to switch protocols (101), its socket is handed over here. */
  readonly onUpgrade?: (headers: IncomingHttpHeaders, socket: Duplex) => void
}

const clientGone = new Error('client is gone')

/** Told by undici at the first byte of an answer; missing in its type. */
type Handler = Dispatcher.DispatchHandler & { onResponseStarted (): void }

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
  let controller: Dispatcher.DispatchController | null = null
  let hasFirstByte = false
  let hasBegun = false
  let hasBody = false
  let isGivenUp = false
  let isSecondTry = false
  let queueTimer: NodeJS.Timeout | undefined

  const abort = (reason: Error): void => { controller?.abort(reason) }
  const onClose = (): void => { if (!response.writableFinished) abort(clientGone) }
  const onDrain = (): void => { controller?.resume() }
  response.on('close', onClose)
  response.on('error', ignore) // a write that crosses the client's leaving; 'close' follows

  const letGo = (): void => {
    upstream.requests--
    if (controller === null) return
    // Held any longer, undici's header buffers are promoted to the old generation: scavenges of 8 ms, nine a second.
    controller.rawHeaders = null
    controller.rawTrailers = null
    controller = null
  }

  const handler: Handler = {
    onRequestStart (started) {
      if (queueTimer !== undefined) clearTimeout(queueTimer)
      controller = started
      if (response.closed || isGivenUp) abort(clientGone)
    },
    onResponseStarted () { hasFirstByte = true },
    onRequestUpgrade (_controller, _statusCode, headers, socket) {
      letGo()
      response.off('close', onClose)
      if (String(headers['upgrade']).toLowerCase() !== 'websocket') { // nobody asked for another protocol (RFC 9110 §7.8)
        socket.destroy()
        return hooks.onFailed(new GatewayError('upstream_bad_response', { cause: new Error('switched to another protocol') }))
      }
      hooks.onAnswer()
      hooks.onUpgrade?.(headers, socket)
    },
    onResponseStart (_controller, statusCode, headers) {
      if (statusCode < 200) return // 1xx is between the app and us
      if (statusCode > 599) return abort(new Error(`status ${statusCode}`))
      hasBegun = true // what is thrown from here on cuts the connection: nobody else answers any more
      hooks.onAnswer(headers)
      response.writeHead(statusCode, closingUnread(request, hooks.responseHeaders(headers)))
      // An answer whose body comes later (a stream of events) shows its headers now.
      process.nextTick(() => { if (!hasBody && !response.writableEnded) response.flushHeaders() })
    },
    onResponseData (_controller, chunk) {
      hasBody = true
      if (response.write(chunk)) return
      controller?.pause()
      response.once('drain', onDrain)
    },
    onResponseEnd () {
      letGo()
      response.end()
    },
    onResponseError (_controller, error) {
      letGo()
      if (queueTimer !== undefined) clearTimeout(queueTimer)
      if (isGivenUp) return // answered already
      if (hasBegun) response.destroy()
      else if (hasLeft(request, response)) hooks.onAnswer()
      else if (!isSecondTry && !hasFirstByte && mayTryAgain(options, error)) {
        isSecondTry = true
        send()
      } else hooks.onFailed(upstreamError(error))
    }
  }

  function send (): void {
    // Counted here: undici would count through all its connections.
    const isQueued = upstream.requests++ >= upstream.connections
    upstream.pool.dispatch(options, handler)
    if (!isQueued || controller !== null) return
    queueTimer = setTimeout(() => {
      isGivenUp = true
      hooks.onFailed(new GatewayError('upstream_busy'))
    }, upstream.queueTimeoutMs)
  }

  send()
}

function ignore (): void {}

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
function closingUnread (request: IncomingMessage, headers: string[]): string[] {
  if (!request.complete) headers.push('connection', 'close')
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
