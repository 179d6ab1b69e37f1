import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, isSuccess, onTheWire, type WireAnswer } from '../answer.ts'
import type { Exchange } from '../faults/stages.ts'
import type { Members } from '../json.ts'
import type { World } from '../world.ts'
import { cutConnection, sendAnswer, sendSlowly } from './send.ts'

/** An API endpoint without its faults: whom a request is about, and what is answered. */
export interface Endpoint {
  exchange (request: FastifyRequest): Exchange
  answer (request: FastifyRequest, exchange: Exchange): Answer
}

/** A request handler that lets the faults in force act on what `endpoint` answers. */
export function withFaults (world: World, endpoint: Endpoint) {
  return async function answerWithFaults (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const exchange = endpoint.exchange(request)
    world.faults.strike(exchange)
    if (refusedByLimit(world, exchange, request, reply) || intercepted(world, exchange, request, reply)) return reply
    const wire = altered(world, exchange, endpoint.answer(request, exchange))
    const bytesPerSecond = await delayed(world, exchange)
    const lost = world.faults.useFirst('lost', exchange)
    if (lost !== undefined) return cutConnection(reply, lost, wire)
    return bytesPerSecond === null ? sendAnswer(request, reply, wire) : sendSlowly(request, reply, wire, bytesPerSecond)
  }
}

/**
 * True when this address has asked too often, which is answered and counted. Only the API counts: on loopback the browser's
 * visits come from the same address, which at AIHubMix they never do.
 */
function refusedByLimit ({ faults, requests, clock }: World, exchange: Exchange, request: FastifyRequest, reply: FastifyReply): boolean {
  const refusal = faults.limited({ address: request.ip, at: clock.trueNow() }, exchange)
  if (refusal === null) return false
  requests.countUp([...exchange.endpoints, 'rate_limited'])
  sendAnswer(request, reply, refusal)
  return true
}

/** Counts the request, unless its connection is reset before; true when a fault answered in the endpoint's place. */
export function intercepted ({ faults, requests }: World, exchange: Exchange, request: FastifyRequest, reply: FastifyReply): boolean {
  const instead = faults.useFirst('instead', exchange)
  if (instead !== 'reset') requests.countUp(exchange.endpoints)
  if (instead === undefined) return false
  if (typeof instead === 'string') cutConnection(reply, instead, null)
  else sendAnswer(request, reply, instead)
  return true
}

/**
 * Lets the answer wait; the request was processed by then, so a client that gives up has lost an answer. Resolves to how many
 * bytes a second its body then leaves with, null for at once.
 */
export async function delayed ({ faults }: World, exchange: Exchange): Promise<number | null> {
  let bytesPerSecond: number | null = null
  for (const { headersMs, bodyBytesPerSecond } of faults.use('pace', exchange)) {
    await delay(headersMs, undefined, { ref: false })
    bytesPerSecond = bodyBytesPerSecond ?? bytesPerSecond
  }
  return bytesPerSecond
}

function altered ({ faults }: World, exchange: Exchange, answer: Answer): WireAnswer {
  const stages = isSuccess(answer)
    ? [...faults.use('members', exchange), ...faults.use('envelope', exchange)].map(onMembers)
    : faults.use('refusal', exchange)
  const changed = stages.reduce((soFar, change) => change(soFar), answer)
  return faults.use('wire', exchange).reduce((soFar, change) => change(soFar), onTheWire(changed))
}

function onMembers (change: (members: Members) => Members): (answer: Answer) => Answer {
  return (answer) => ({ ...answer, members: change(answer.members) })
}
