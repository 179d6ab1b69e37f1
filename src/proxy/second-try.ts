import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'

/** RFC 9110 §9.2.2: asking twice is meant to be the same as asking once. */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** How a connection ends that the other side has given up: FIN, or the RST that answers what crossed it. */
const closedCodes = new Set(['UND_ERR_SOCKET', 'ERESET', 'EPIPE'])

interface ConnectionError extends Error {
  code?: string
  /** undici's own description of the connection. */
  readonly socket?: { readonly bytesRead?: number }
  /** Ours, see `tellOfUse`. */
  wasUsedBefore?: boolean
}

/**
 * The one repetition there is (RFC 9112 §9.3.1): the app closed a kept-alive connection in the moment the request was sent on it. Only
 * without a body, for a method that may be repeated, and after not one byte of an answer, which is for the caller to know.
 */
export function mayTryAgain ({ method, body, upgrade }: Dispatcher.DispatchOptions, error: ConnectionError): boolean {
  if (body !== null || upgrade !== null || !idempotentMethods.has(method)) return false
  return closedCodes.has(error.code ?? '') && (error.wasUsedBefore ?? (error.socket?.bytesRead ?? 0) > 0)
}

/**
 * To be called before undici listens. Errors of the system do not say whether the connection had answered before; from now on those of
 * this one do. And undici takes ECONNRESET for the end of an answer that ends with its connection: half of it would pass as whole.
 */
export function tellOfUse (socket: Duplex & { readonly bytesRead: number }): void {
  socket.once('error', (error: ConnectionError) => {
    error.wasUsedBefore = socket.bytesRead > 0
    if (error.code === 'ECONNRESET') error.code = 'ERESET'
  })
}
