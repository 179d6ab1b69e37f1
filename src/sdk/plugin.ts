import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { buildScript, type Script, type ScriptName } from './script.ts'

const built = new Map<ScriptName, Promise<Script>>()

/** The browser SDK: the same module for everybody, for every page of every app behind the gateway; and our custom elements. */
export async function sdkPlugin (app: FastifyInstance): Promise<void> {
  app.get('/oauth2/sdk.js', (request, reply) => sendScript('sdk', request, reply))
  app.get('/oauth2/elements.js', (request, reply) => sendScript('elements', request, reply))
}

async function sendScript (name: ScriptName, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const script = built.get(name) ?? buildScript(name)
  built.set(name, script)
  const { text, gzipped, etag } = await script
  reply.headers({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=300',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    vary: 'accept-encoding',
    etag
  })
  if (knows(request, etag)) return reply.code(304).send()
  return acceptsGzip(request) ? reply.header('content-encoding', 'gzip').send(gzipped) : reply.send(text)
}

/** If-None-Match (RFC 9110 §13.1.2): weak comparison, since a proxy that compresses may have made ours weak. */
function knows ({ headers }: FastifyRequest, etag: string): boolean {
  const tags = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}

function acceptsGzip ({ headers }: FastifyRequest): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(String(headers['accept-encoding'] ?? ''))
}
