import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { RequestTarget } from '../access/request-target.ts'
import type { Trail } from '../telemetry/trail.ts'

/** One request with its answer (RFC 9110 §3.4), from the moment it is met; most are forwarded and never become a request of Fastify's. */
export interface Exchange {
  readonly raw: IncomingMessage
  readonly response: ServerResponse
  readonly id: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** The one reading of the request target; set before anything is decided. */
  target: RequestTarget
  /** The host asked for, without port, lower-case. */
  hostName: string
  /** A program asks, whatever it says that it takes: the route is an API. */
  isForProgram: boolean
  /** The route takes an access token in the place of a session. */
  takesTokens: boolean
  readonly trail: Trail
}
