import type { FastifyRequest } from 'fastify'
import { answer, type Answer, envelopeError } from '../answer.ts'
import type { NewApp, RegisteredApp } from '../apps.ts'
import { jsonOf } from '../body.ts'
import { isMembers } from '../json.ts'
import type { World } from '../world.ts'
import type { Endpoint } from './endpoint.ts'

/** `POST /api/oauth_apps`, provider.md C-10 and E-20, with refusals as one-api writes them. */
export function oauthAppsEndpoint (world: World, developerToken: string): Endpoint {
  return {
    exchange: () => ({ endpoints: ['apps'], username: null, clientId: null }),
    answer (request) {
      const token = developerTokenOf(request)
      if (token === null) return envelopeError(401, '無權進行此操作，未提供 access token')
      if (token !== developerToken) return envelopeError(200, '無權進行此操作，access token 無效')
      const wanted = readNewApp(jsonOf(request))
      return typeof wanted === 'string' ? envelopeError(200, wanted) : created(world.apps.create(wanted))
    }
  }
}

/** With or without `Bearer`, as one-api takes it (provider.md F-30). */
function developerTokenOf (request: FastifyRequest): string | null {
  const token = (request.headers.authorization ?? '').replace(/^Bearer +/i, '').trim()
  return token === '' ? null : token
}

/** The app that is asked for, or the message that says what is wrong with it. */
function readNewApp (json: unknown): NewApp | string {
  if (!isMembers(json)) return '無效的參數：the body must be a JSON object'
  const { name, description = '', redirect_uri: redirectUri } = json
  if (typeof name !== 'string' || name.trim() === '') return '無效的參數：name is required'
  if (typeof description !== 'string') return '無效的參數：description must be a string'
  if (typeof redirectUri !== 'string' || !isRedirectUri(redirectUri)) {
    return '無效的參數：redirect_uri must be https (http only on loopback), without fragment or user info'
  }
  return { name, description, redirectUri }
}

function isRedirectUri (text: string): boolean {
  const url = URL.parse(text)
  if (url === null || text.includes('#') || url.username !== '' || url.password !== '') return false
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)
}

function created (app: RegisteredApp): Answer {
  return answer(200, {
    success: true,
    message: '應用建立成功',
    data: {
      id: app.id,
      name: app.name,
      client_id: app.clientId,
      client_secret: app.clientSecret,
      redirect_uri: app.redirectUri,
      created_time: Math.floor(app.createdAt / 1000)
    }
  })
}
