import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import type { FastifyHttpOptions } from 'fastify'
import type { Socket } from 'node:net'
import type { ServerConfig } from '../config/schema.ts'
import { errorCatalogue, type ErrorCode } from '../errors.ts'

/** How the public listener speaks HTTP: strict, and with a limit to everything a slow or greedy client could use up. */
export function http1Options ({ limits }: Pick<ServerConfig, 'limits'>): FastifyHttpOptions<Server> {
  return {
    http: httpOptions(limits),
    keepAliveTimeout: limits.idleTimeout,
    requestTimeout: limits.requestTimeout,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // while draining, what has come in is served
    clientErrorHandler: answerUnreadable,
    onProtoPoisoning: 'ignore',
    exposeHeadRoutes: true
  }
}

/** Newer than the type definitions (Node 24.9 and 24.12); older ones ignore them. */
interface NewerServerOptions extends ServerOptions {
  readonly optimizeEmptyRequests: boolean
  readonly shouldUpgradeCallback: (request: IncomingMessage) => boolean
}

function httpOptions (limits: ServerConfig['limits']): NewerServerOptions {
  return {
    maxHeaderSize: limits.headerBytes,
    // The headers are a part of the request; Node refuses to start where they may take longer than the whole.
    headersTimeout: limits.requestTimeout === 0 ? limits.headersTimeout : Math.min(limits.headersTimeout, limits.requestTimeout),
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: 1_000, // slow clients are found by this clock
    insecureHTTPParser: false,
    requireHostHeader: true,
    noDelay: true,
    optimizeEmptyRequests: true, // a request without a body begins as one that was read to its end: no stream to run empty
    // Any other protocol a client would like (h2c) is ignored, as RFC 9110 §7.8 allows: the request is answered as it stands.
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket'
  }
}

const codes: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'malformed_request'
}

/** Node's only way from a connection to the answer on it; its own handler takes it too. */
interface AnsweringSocket extends Socket { readonly _httpMessage?: ServerResponse | null }

/**
 * What Node's parser could not read never becomes a request: a short answer, and the connection is closed. While another answer
 * is under way there is none: it would be read as a part of that one's body.
 */
function answerUnreadable (error: Error & { code?: string }, socket: AnsweringSocket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable || socket._httpMessage?.headersSent === true) {
    socket.destroy()
    return
  }
  const code = codes[error.code ?? ''] ?? 'malformed_request'
  const { status, body } = shortAnswer(code)
  socket.once('finish', () => socket.destroy()) // a client that keeps its side open would keep the socket
  socket.end(`HTTP/1.1 ${status} ${code}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}

/** What is said where no request came to be: JSON, in one language. */
export function shortAnswer (code: ErrorCode): { readonly status: number, readonly body: string } {
  const { status, message } = errorCatalogue[code]
  return { status, body: JSON.stringify({ error: code, message }) }
}
