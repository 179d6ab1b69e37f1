import { Agent, buildConnector } from 'undici'
import { AuthorizationServerUnavailable } from '../errors.ts'

/** No connection came about (name, address, TLS), so no byte of the request was sent: it may be sent to another host. */
export class ConnectionFailed extends AuthorizationServerUnavailable {}

const marked = new WeakSet<Error>()

/** Whether `fetch` failed before anything of the request could leave; false where that is not certain. */
export function isConnectionFailure (error: unknown): boolean {
  return error instanceof Error && (marked.has(error) || isConnectionFailure(error.cause))
}

/**
 * Connections of which it is known whether they came about: an error code alone does not tell, a reset may come in the TLS handshake or
 * after a request. Every address of a name is tried, and a request is never repeated here.
 */
export function createConnections (connectTimeoutMs: number): Agent {
  const connect = buildConnector({ timeout: connectTimeoutMs, autoSelectFamily: true })
  return new Agent({
    connect (options, callback) {
      connect(options, (...[error, socket]) => {
        if (error !== null) {
          marked.add(error)
          callback(error, null)
        } else {
          callback(null, socket)
        }
      })
    }
  })
}
