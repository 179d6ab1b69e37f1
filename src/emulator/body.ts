import type { FastifyInstance, FastifyRequest } from 'fastify'
import { parseExactJson } from './json.ts'

/** Keeps every body as the text it came as: the emulator must be able to show what a client really sent. */
export function keepBodiesAsText (app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
}

/** The form fields of a request, or null when its body is no form. */
export function formOf (request: FastifyRequest): URLSearchParams | null {
  const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers['content-type'] ?? '')
  return isForm && typeof request.body === 'string' ? new URLSearchParams(request.body) : null
}

/** The parsed JSON body, integers kept digit for digit; undefined when there is none or it is broken. */
export function jsonOf (request: FastifyRequest): unknown {
  try {
    return typeof request.body === 'string' ? parseExactJson(request.body) : undefined
  } catch {
    return undefined
  }
}

/** The request target as a URL; joined as text, for a target that starts with `//` is no host. */
export function urlOf (request: FastifyRequest): URL {
  return new URL(`http://emulator${request.url}`)
}

export function queryOf (request: FastifyRequest): URLSearchParams {
  return urlOf(request).searchParams
}

export function bearerOf (request: FastifyRequest): string | null {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}
