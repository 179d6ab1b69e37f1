import type { IncomingMessage, ServerOptions } from 'node:http'
import type { FastifyHttpOptions } from 'fastify'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { ServerConfig } from './config/schema.ts'
import { errorCatalogue, type ErrorCode } from './errors.ts'

/** How the public listener speaks HTTP: strict, and with a limit to everything a slow or greedy client could use up. */
export function publicServerOptions ({ limits }: Pick<ServerConfig, 'limits'>): FastifyHttpOptions<Server> {
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

/** `shouldUpgradeCallback` is newer than the type definitions (Node 24.9). */
interface NewerServerOptions extends ServerOptions {
  readonly shouldUpgradeCallback: (request: IncomingMessage) => boolean
}

function httpOptions (limits: ServerConfig['limits']): NewerServerOptions {
  return {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: 1_000, // slow clients are found by this clock
    insecureHTTPParser: false,
    requireHostHeader: true,
    noDelay: true,
    // Any other protocol a client would like (h2c) is ignored, as RFC 9110 §7.8 allows: the request is answered as it stands.
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket'
  }
}

const codes: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'malformed_request'
}

/** What Node's parser could not read never becomes a request: a short answer, and the connection is closed. */
function answerUnreadable (error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const code = codes[error.code ?? ''] ?? 'malformed_request'
  const { status, message } = errorCatalogue[code]
  const body = JSON.stringify({ error: code, message })
  socket.end(`HTTP/1.1 ${status} ${code}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}
