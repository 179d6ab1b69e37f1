import { createExchange, jsonObject } from './exchange.ts'
import { appResponse, isRefusal, unwrapped, type CreatedApp } from './wire.ts'
import { AuthorizationServerBadResponse, GatewayError } from '../errors.ts'

interface NewApp {
  readonly name: string
  readonly description: string
  readonly redirectUri: string
}

interface RegistrationOptions {
  readonly appUrl: string
  readonly developerToken: string
  readonly timeoutMs: number
}

/**
 * Registers an OAuth app (C-10). The developer token is all-powerful over its account: it is sent here and kept nowhere.
 * @throws GatewayError provider_refused, AuthorizationServerUnavailable, AuthorizationServerBadResponse
 */
export async function createApp ({ name, description, redirectUri }: NewApp, { appUrl, developerToken, timeoutMs }: RegistrationOptions): Promise<CreatedApp> {
  const answer = await createExchange(timeoutMs)(`${appUrl}/api/oauth_apps`, {
    method: 'POST',
    headers: { authorization: `Bearer ${developerToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, description, redirect_uri: redirectUri })
  })
  const body = jsonObject(answer)
  if (answer.status >= 400 || isRefusal(body)) throw refusalOf(answer.status, body)
  const app = appResponse.safeParse(unwrapped(body))
  if (!app.success) throw new AuthorizationServerBadResponse(new Error('the answer holds no client_id and client_secret'))
  return app.data
}

function refusalOf (status: number, { message }: Readonly<Record<string, unknown>>): GatewayError {
  const said = typeof message === 'string' ? JSON.stringify(message.slice(0, 200)) : 'nothing'
  return new GatewayError('provider_refused', { cause: new Error(`HTTP ${status}, AIHubMix said ${said}`) })
}
