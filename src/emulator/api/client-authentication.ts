import type { FastifyRequest } from 'fastify'
import type { Apps, RegisteredApp } from '../apps.ts'
import { formOf } from '../body.ts'

interface Credentials { readonly clientId: string, readonly clientSecret: string }

/** The client credentials of a token request: in the form as the guide has them, or HTTP Basic (RFC 6749 §2.3.1). */
function credentialsOf (request: FastifyRequest): Credentials {
  const [, basic] = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (basic !== undefined) return basicCredentials(basic)
  const form = formOf(request)
  return { clientId: form?.get('client_id') ?? '', clientSecret: form?.get('client_secret') ?? '' }
}

function basicCredentials (encoded: string): Credentials {
  const [clientId = '', clientSecret = ''] = Buffer.from(encoded, 'base64').toString().split(':')
  return { clientId: formDecoded(clientId), clientSecret: formDecoded(clientSecret) }
}

function formDecoded (text: string): string {
  return new URLSearchParams(`text=${text}`).get('text') ?? ''
}

export function clientIdOf (request: FastifyRequest): string | null {
  const { clientId } = credentialsOf(request)
  return clientId === '' ? null : clientId
}

/** The app whose id and secret the request carries, or null. */
export function authenticatedClient (apps: Apps, request: FastifyRequest): RegisteredApp | null {
  const { clientId, clientSecret } = credentialsOf(request)
  const app = apps.find(clientId)
  return app?.clientSecret === clientSecret ? app : null
}
