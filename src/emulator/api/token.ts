import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { answer, type Answer, oauthError } from '../answer.ts'
import type { RegisteredApp } from '../apps.ts'
import { formOf } from '../body.ts'
import type { IssuedCode } from '../codes.ts'
import type { Exchange, FaultEndpoint } from '../faults/stages.ts'
import { writeScope } from '../scope.ts'
import { accessTokenSeconds, type Look, type TokenPair } from '../tokens.ts'
import type { World } from '../world.ts'
import { authenticatedClient, clientIdOf } from './client-authentication.ts'
import type { Endpoint } from './endpoint.ts'

/** `POST /api/oauth2/token`: both grants, provider.md C-30 and E-22. */
export function tokenEndpoint (world: World): Endpoint {
  return {
    exchange: (request) => tokenExchange(world, request),
    answer (request, exchange) {
      const form = formOf(request)
      if (form === null) return oauthError(400, 'invalid_request', 'the body must be application/x-www-form-urlencoded')
      const app = authenticatedClient(world.apps, request)
      if (app === null) return oauthError(401, 'invalid_client', 'unknown client or wrong secret')
      const grantType = form.get('grant_type')
      if (grantType === 'authorization_code') return authorizationCodeGrant(world, app, form, exchange)
      if (grantType === 'refresh_token') return refreshTokenGrant(world, app, form, exchange)
      return oauthError(400, 'unsupported_grant_type', 'use authorization_code or refresh_token')
    }
  }
}

function tokenExchange (world: World, request: FastifyRequest): Exchange {
  const form = formOf(request) ?? new URLSearchParams()
  const code = world.codes.find(form.get('code') ?? '')
  const family = world.tokens.owner(form.get('refresh_token') ?? '')
  return {
    endpoints: ['token', ...grantEndpoint(form.get('grant_type'))],
    clientId: clientIdOf(request),
    username: code?.username ?? family?.username ?? null,
    grant: code?.familyId ?? family?.familyId ?? null
  }
}

function grantEndpoint (grantType: string | null): readonly FaultEndpoint[] {
  return grantType === 'authorization_code' || grantType === 'refresh_token' ? [grantType] : []
}

function authorizationCodeGrant (world: World, app: RegisteredApp, form: URLSearchParams, exchange: Exchange): Answer {
  const { codes, tokens, faults } = world
  const code = form.get('code') ?? ''
  const issued = codes.find(code)
  if (issued === null || issued.clientId !== app.clientId) return invalidGrant('unknown code')
  if (issued.spent) {
    // RFC 6749 §4.1.2: whoever replays a code may have stolen it, so what it gave is taken back.
    tokens.revokeFamily(issued.familyId)
    return invalidGrant('the code was used already')
  }
  if (issued.expiresAt <= world.clock.now()) return invalidGrant('the code has expired')
  if (issued.redirectUri !== form.get('redirect_uri')) return invalidGrant('redirect_uri differs from the authorization request')
  if (faults.setting('pkce', exchange) !== 'ignore' && !provesPossession(issued, form.get('code_verifier'))) return invalidGrant('code_verifier does not fit')
  codes.markSpent(code)
  return tokenAnswer(tokens.issue(issued, lookOf(world, exchange)))
}

function refreshTokenGrant (world: World, app: RegisteredApp, form: URLSearchParams, exchange: Exchange): Answer {
  const { tokens, faults } = world
  const refreshToken = form.get('refresh_token') ?? ''
  const owner = tokens.owner(refreshToken)
  if (owner === null || owner.clientId !== app.clientId) return invalidGrant('unknown, expired or revoked refresh token')
  const rotation = faults.setting('rotation', exchange) ?? { mode: 'on', graceMs: 0 }
  const pair = tokens.refresh(refreshToken, rotation, lookOf(world, exchange))
  return pair === null ? invalidGrant('the refresh token has expired or was used already') : tokenAnswer(pair)
}

function lookOf ({ faults }: World, exchange: Exchange): Look {
  return { expiryOffsetMs: faults.setting('jwtExpiryOffsetMs', exchange), form: faults.setting('accessTokenForm', exchange) }
}

/** RFC 7636 §4.6; a request without a challenge needs no verifier. */
function provesPossession ({ codeChallenge }: IssuedCode, codeVerifier: string | null): boolean {
  if (codeChallenge === null) return true
  return codeVerifier !== null && createHash('sha256').update(codeVerifier).digest('base64url') === codeChallenge
}

function invalidGrant (description: string): Answer {
  return oauthError(400, 'invalid_grant', description)
}

function tokenAnswer ({ accessToken, refreshToken, scope }: TokenPair): Answer {
  return answer(200, {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: accessTokenSeconds,
    refresh_token: refreshToken,
    scope: writeScope(scope)
  })
}
