import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance } from 'fastify'
import type { IncomingMessage } from 'node:http'
import type { Met } from '../door/door.ts'
import { GatewayError } from '../errors.ts'

export interface ProxyOptions {
  readonly met: (request: IncomingMessage) => Met
}

/**
 * What is not the gateway's own, and was not forwarded either, is answered here as the door was told. @fastify/http-proxy holds the
 * routes; requests are forwarded by our own transport, and before they come here (docs/decisions/0002, 0058).
 */
export async function proxyPlugin (app: FastifyInstance, { met }: ProxyOptions): Promise<void> {
  await app.register(httpProxy, {
    upstream: '',
    replyOptions: { getUpstream: () => 'http://unused.invalid' },
    httpMethods: app.supportedMethods.filter((method) => method !== 'TRACE'),
    proxyPayloads: false,
    // It answers everything: the plugin's own handler, which parses and resolves, is never reached.
    preHandler (request, reply) {
      const { answer } = met(request.raw)
      if (typeof answer !== 'function') throw new GatewayError('not_found') // a spelling of our own addresses, which are never proxied
      answer(request, reply)
    },
    handler () { throw new Error('a request came past the proxy handler') }
  })
}
