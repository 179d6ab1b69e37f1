import type { RegisteredApp } from './apps.ts'
import type { Exchange } from './faults/stages.ts'
import { narrowed, readScope, type Scope } from './scope.ts'
import type { World } from './world.ts'

/** A valid authorization request (RFC 6749 §4.1.1). */
export interface AuthorizationRequest {
  readonly app: RegisteredApp
  readonly redirectUri: string
  readonly scope: readonly Scope[]
  readonly state: string
  readonly codeChallenge: string | null
  readonly autoAuthorize: boolean
}

export type Authorization =
  | { readonly outcome: 'refused', readonly problem: 'unknownClient' | 'redirectMismatch' | 'repeatedParameter' }
  | { readonly outcome: 'redirect', readonly location: string }
  | { readonly outcome: 'sign-in', readonly request: AuthorizationRequest }
  | { readonly outcome: 'consent', readonly request: AuthorizationRequest }

export type ConsentDecision = 'allow' | 'profile' | 'deny'

export function authorizeExchange (query: URLSearchParams, username: string | null): Exchange {
  return { endpoints: ['authorize'], clientId: query.get('client_id'), username }
}

/** What follows from an authorization request: a page, or the way back to the client. `username` is null before sign-in. */
export function authorize (world: World, query: URLSearchParams, username: string | null): Authorization {
  const app = world.apps.find(query.get('client_id') ?? '')
  const redirectUri = query.get('redirect_uri')
  if (app === null) return { outcome: 'refused', problem: 'unknownClient' }
  // RFC 6749 §4.1.2.1: never redirect to an address that was not registered, or anyone could send people anywhere.
  if (redirectUri !== app.redirectUri) return { outcome: 'refused', problem: 'redirectMismatch' }
  if ([...query.keys()].length !== new Set(query.keys()).size) return { outcome: 'refused', problem: 'repeatedParameter' }
  const exchange = authorizeExchange(query, username)
  const request = readRequest(world, query, app, exchange)
  if (typeof request === 'string') return errorRedirect(world, query, request, exchange)
  if (username === null) return { outcome: 'sign-in', request }
  return mayPass(world, request, username) ? codeRedirect(world, request, username) : { outcome: 'consent', request }
}

/** How an authorization server reads a scope that takes `+` for a plus sign: as one unknown word (E-58). */
export function asStrictlyEncoded ({ faults }: World, rawQuery: string, query: URLSearchParams, username: string | null): URLSearchParams {
  const scope = /(?:^|[?&])scope=([^&#]*)/.exec(rawQuery)?.[1] ?? ''
  if (!scope.includes('+') || faults.setting('strictScopeEncoding', authorizeExchange(query, username)) !== true) return query
  const strict = new URLSearchParams(query)
  strict.set('scope', scope)
  return strict
}

/** What follows from the answer on the consent page. */
export function consent (world: World, query: URLSearchParams, username: string, decision: ConsentDecision): Authorization {
  const authorization = authorize(world, query, username)
  if (authorization.outcome !== 'consent') return authorization
  const { request } = authorization
  if (decision === 'deny') return errorRedirect(world, query, 'access_denied', authorizeExchange(query, username))
  const scope = decision === 'profile' ? narrowed(request.scope, ['profile']) : request.scope
  return codeRedirect(world, { ...request, scope }, username)
}

/** Notes the consent and issues the code. */
export function issueCode (world: World, request: Omit<AuthorizationRequest, 'state' | 'autoAuthorize'>, username: string): string {
  const scope = narrowed(request.scope, world.users.find(username)?.grantsOnly ?? request.scope)
  const { clientId } = request.app
  world.grants.give({ username, clientId, scope })
  return world.codes.issue({ username, clientId, scope, redirectUri: request.redirectUri, codeChallenge: request.codeChallenge })
}

/** The request, or the error code of RFC 6749 §4.1.2.1 that it earns. */
function readRequest ({ faults }: World, query: URLSearchParams, app: RegisteredApp, exchange: Exchange): AuthorizationRequest | string {
  const pkce = faults.setting('pkce', exchange) ?? 'honour'
  const codeChallenge = query.get('code_challenge')
  const scope = readScope(query.get('scope'))
  const state = query.get('state') ?? ''
  const injected = faults.setting('authorizeError', exchange)
  if (injected !== undefined) return injected
  if (query.get('response_type') !== 'code') return 'unsupported_response_type'
  if (scope === null) return 'invalid_scope'
  if (state === '' || (codeChallenge !== null && !acceptsChallenge(query, pkce))) return 'invalid_request'
  return {
    app,
    scope,
    state,
    redirectUri: app.redirectUri,
    codeChallenge: pkce === 'honour' ? codeChallenge : null,
    autoAuthorize: query.get('auto_authorize') === 'true' && faults.setting('ignoreAutoAuthorize', exchange) !== true
  }
}

function acceptsChallenge (query: URLSearchParams, pkce: 'honour' | 'ignore' | 'reject'): boolean {
  return pkce === 'ignore' || (pkce === 'honour' && query.get('code_challenge_method') === 'S256')
}

function mayPass ({ grants }: World, { app, scope, autoAuthorize }: AuthorizationRequest, username: string): boolean {
  const granted = grants.find(username, app.clientId)?.scope ?? []
  return autoAuthorize || scope.every((wanted) => granted.includes(wanted))
}

function codeRedirect (world: World, request: AuthorizationRequest, username: string): Authorization {
  const code = issueCode(world, request, username)
  const exchange = { endpoints: ['authorize'], clientId: request.app.clientId, username } satisfies Exchange
  return redirectTo(world, request.redirectUri, { code, state: request.state }, exchange)
}

function errorRedirect (world: World, query: URLSearchParams, error: string, exchange: Exchange): Authorization {
  const state = query.get('state')
  return redirectTo(world, query.get('redirect_uri') ?? '', { error, ...(state === null ? {} : { state }) }, exchange)
}

function redirectTo ({ faults }: World, redirectUri: string, members: Readonly<Record<string, string>>, exchange: Exchange): Authorization {
  const parameters = new URLSearchParams({ ...members })
  for (const change of faults.use('redirect', exchange)) change(parameters)
  const location = new URL(redirectUri)
  for (const [name, value] of parameters) location.searchParams.append(name, value)
  return { outcome: 'redirect', location: location.href }
}
