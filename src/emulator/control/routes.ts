import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { bearerOf, jsonOf } from '../body.ts'
import { FaultRefused } from '../faults/stages.ts'
import { exactJson, type JsonValue } from '../json.ts'
import type { World } from '../world.ts'
import { controlActions } from './actions.ts'

/** The control API, E-4.5: `/__emulator/*`, with a token of its own, so that no app under test can call it by accident. */
export function controlRoutes (app: FastifyInstance, world: World, controlToken: string): void {
  for (const [name, act] of Object.entries(controlActions(world))) {
    const [method = '', url = ''] = name.split(' ')
    app.route({
      method,
      url,
      async handler (request, reply) {
        if (bearerOf(request) !== controlToken) return sendJson(reply, 401, { error: 'send the control token: Authorization: Bearer <control token>' })
        return run(act, request, reply)
      }
    })
  }
}

function run (act: (json: unknown) => JsonValue, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  try {
    return sendJson(reply, 200, act(jsonOf(request)))
  } catch (error) {
    if (error instanceof FaultRefused || error instanceof RangeError) return sendJson(reply, 400, { error: error.message })
    throw error
  }
}

function sendJson (reply: FastifyReply, status: number, value: JsonValue): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send(exactJson(value))
}
