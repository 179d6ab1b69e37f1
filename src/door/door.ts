import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Follow } from '../telemetry/trail.ts'
import { inTrace } from '../telemetry/trace.ts'
import type { Exchange } from './exchange.ts'

/** How the gateway answers by itself what it does not forward. What it throws becomes an error answer. */
export type OwnAnswer = (request: FastifyRequest, reply: FastifyReply) => void

/** What was not forwarded goes on to Fastify: an error, an answer, or, with null, a request to the gateway's own addresses. */
export type Onward = (exchange: Exchange, answer: Error | OwnAnswer | null) => void

/** Forwards the request, or sends it onward; once, soon or later, and it never throws. */
export type Pass = (exchange: Exchange, onward: Onward) => void

/** An exchange that has gone onward. */
export interface Met {
  readonly exchange: Exchange
  readonly answer: Error | OwnAnswer | null
}

interface DoorOptions {
  readonly idOf: (request: IncomingMessage) => string
  readonly follow: Follow
  /** Reads what every decision hangs on. @throws GatewayError for what two servers could read differently */
  readonly read: (exchange: Exchange) => void
  readonly pass: Pass
  /** Fastify's own listener. */
  readonly own: RequestListener
}

export interface Door {
  /** Every request of the public listener comes in here. */
  readonly serve: RequestListener
  /** What is known of a request that went onward. */
  met (request: IncomingMessage): Met
}

/**
 * Where every request is met, followed and read. What may pass is on its way to the app without Fastify, whose request, reply, hooks and
 * route cost as much as a session (docs/decisions/0058); all else, from the sign-in to an error page, is Fastify's.
 */
export function createDoor ({ idOf, follow, read, pass, own }: DoorOptions): Door {
  const metOnward = new WeakMap<IncomingMessage, Met>()

  const onward: Onward = (exchange, answer) => {
    metOnward.set(exchange.raw, { exchange, answer })
    own(exchange.raw, exchange.response)
  }

  return {
    serve (raw, response) {
      const exchange = begin(raw, response)
      try {
        read(exchange)
      } catch (error) {
        onward(exchange, asError(error))
        return
      }
      if (exchange.target.isReserved) onward(exchange, null)
      else inTrace(exchange.trail.trace, pass, exchange, onward) // the calls of what follows belong to it
    },
    met (raw) {
      const met = metOnward.get(raw)
      if (met === undefined) throw new Error('a request came in beside the door')
      return met
    }
  }

  function begin (raw: IncomingMessage, response: ServerResponse): Exchange {
    const id = idOf(raw)
    return { raw, response, id, method: raw.method ?? 'GET', headers: raw.headers, target: null as never, hostName: '', isForProgram: false, takesTokens: false, trail: follow(raw, response, id) }
  }
}

function asError (error: unknown): Error {
  return error instanceof Error ? error : new Error('no Error was thrown', { cause: error })
}
