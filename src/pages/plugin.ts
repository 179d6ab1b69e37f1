import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasBody, wantsHtml } from '../access/caller.ts'
import { closeInStages } from '../access/early-answer.ts'
import type { RequestTarget } from '../access/request-target.ts'
import { BalanceTooLow, errorCatalogue, GatewayError, type ErrorCode } from '../errors.ts'
import { balancePage } from './balance.ts'
import type { Appearance } from './appearance.ts'
import { errorPage, type ErrorAction } from './error.ts'
import { renderPage, type Page, type PageOptions } from './layout.ts'
import { negotiateLocale, type Locale } from './locale.ts'
import { pageHeaders } from './page-headers.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The address works once and its query is a secret: no page links to it. */
    readonly worksOnce?: boolean
  }
  interface FastifyRequest {
    /** Where this very sign-in begins anew, as far as it is known: back to where it was to end. */
    signInHref: string | null
    /** A program asks, whatever it says that it takes: the route is an API. */
    isForProgram: boolean
    /** The route takes an access token in the place of a session. */
    takesTokens: boolean
  }
}

/** The language a page is shown in: `?lang=`, else what the browser prefers. */
export function localeOf (request: FastifyRequest): Locale {
  return negotiateLocale(request.headers['accept-language'], searchOf(request).get('lang'))
}

/** The query as sent; a repeated parameter keeps its first value. */
export function searchOf (request: FastifyRequest): URLSearchParams {
  const url = addressOf(request)
  const at = url.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : url.slice(at))
}

/** This very address in another language. */
export function languageHref (request: FastifyRequest): (locale: Locale) => string {
  return (locale) => {
    const search = searchOf(request)
    search.set('lang', locale)
    return `${addressOf(request).split('?', 1)[0]}?${search}`
  }
}

/** What the browser asked for: with forward-auth not the proxy's question, but what it is about. Not read yet where that failed. */
function addressOf ({ target, raw: { url = '/' } }: FastifyRequest): string {
  return (target as RequestTarget | null)?.raw ?? url
}

/** What every page of this request is given. */
export function pageOptions (request: FastifyRequest, appearance: Appearance): PageOptions {
  return { locale: localeOf(request), languageHref: languageHref(request), appearance }
}

export function sendPage (reply: FastifyReply, page: Page): FastifyReply {
  return reply.headers(pageHeaders(page)).send(renderPage(page))
}

interface ErrorAnswerOptions {
  readonly appearance: Appearance
  /** Where our pages for this host are. Absolute: a program may run anywhere. */
  readonly originFor: (hostName: string) => string
  /** Told the code of each answer. */
  readonly onError: (code: ErrorCode, request: FastifyRequest) => void
}

export type ErrorAnswer = (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply

/** The one place where a failure becomes an answer: a page for a person, JSON for a program, the cause for the log alone. */
export function createErrorAnswer (options: ErrorAnswerOptions): ErrorAnswer {
  return function answerError (thrown, request, reply) {
    const error = thrown instanceof GatewayError ? thrown : new GatewayError(codeFor(thrown), { cause: thrown })
    logError(error, request)
    options.onError(error.code, request)
    reply.code(error.status)
    if (error.status === 401) reply.header('www-authenticate', challenges(error, request, options))
    if (error.retryAfterSeconds !== null) reply.header('retry-after', String(error.retryAfterSeconds))
    // What is left of a body would be read as the next request (RFC 9112 §9.3).
    if (hasBody(request.headers) && !request.raw.complete) {
      closeInStages(reply.raw)
      reply.header('connection', 'close')
    }
    if (request.isForProgram || !wantsHtml(request.headers)) return sendJson(reply, error, request, options)
    if (error instanceof BalanceTooLow) return sendBalancePage(reply, error, request, options)
    return sendPage(reply, pageFor(error, request, options))
  }
}

export function answerErrors (app: FastifyInstance, answerError: ErrorAnswer): void {
  app.decorateRequest('signInHref', null)
  app.decorateRequest('isForProgram', false)
  app.decorateRequest('takesTokens', false)
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply))
  app.setNotFoundHandler((request, reply) => answerError(new GatewayError('not_found'), request, reply))
}

function logError (error: GatewayError, request: FastifyRequest): void {
  // An outage of the store has its own line; one for each request would bury the log.
  const level = error.status >= 500 && error.code !== 'session_store_unavailable' ? 'error' : 'debug'
  request.log[level]({ id: request.id, code: error.code, err: error.cause }, `answered ${error.status}`)
}

/**
 * Every 401 names the ways in (RFC 9110 §15.5.2), pages too: a session and, where the route takes them, an access token. Who showed
 * no token is told of no error (RFC 6750 §3.1).
 */
function challenges ({ code, message }: GatewayError, { hostName, takesTokens }: FastifyRequest, { originFor }: Pick<ErrorAnswerOptions, 'originFor'>): string {
  if (code === 'invalid_token') return `Bearer realm="AIHubMix", error="invalid_token", error_description="${message}"`
  const bySession = `AIHubMix login_url="${signInUrl(hostName, originFor)}"`
  return takesTokens ? `${bySession}, Bearer realm="AIHubMix"` : bySession
}

function signInUrl (hostName: string, originFor: ErrorAnswerOptions['originFor']): string {
  return `${originFor(hostName)}/oauth2/sign_in`
}

function sendJson (reply: FastifyReply, error: GatewayError, { id, hostName }: FastifyRequest, { originFor }: Pick<ErrorAnswerOptions, 'originFor'>): FastifyReply {
  reply.headers({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', vary: [reply.getHeader('vary') ?? [], 'accept, cookie'].flat().join(', ') })
  return reply.send({
    error: error.code,
    message: error.message,
    request_id: id,
    ...(error.code === 'login_required' ? { login_url: signInUrl(hostName, originFor) } : {}),
    ...(error instanceof BalanceTooLow ? { topup_url: `${originFor(hostName)}/oauth2/topup`, balance: error.balance, min_balance: error.minBalance } : {})
  })
}

/** While a top-up is awaited the page looks again by itself, without script; a form that was sent is not sent again. */
function sendBalancePage (reply: FastifyReply, error: BalanceTooLow, request: FastifyRequest, { appearance }: ErrorAnswerOptions): FastifyReply {
  const canRepeat = request.method === 'GET' && !request.target.isReserved
  if (canRepeat && error.retryAfterSeconds !== null) reply.header('refresh', String(error.retryAfterSeconds))
  const { balance, minBalance, ageSeconds, topUp } = error
  return sendPage(reply, balancePage({
    ...pageOptions(request, appearance),
    againHref: canRepeat ? request.target.raw : '/',
    requestId: request.id,
    balance,
    minBalance,
    ageSeconds,
    topUp
  }))
}

const beginsAnew = new Set<ErrorCode>(['missing_parameters', 'invalid_state', 'sign_in_expired', 'consent_refused', 'exchange_failed', 'login_required'])

function pageFor (error: GatewayError, request: FastifyRequest, { appearance }: ErrorAnswerOptions): Page {
  return errorPage({
    ...pageOptions(request, appearance),
    ...(worksOnce(request) ? { languageHref: (locale) => `/oauth2/sign_in?lang=${locale}` } : {}),
    code: error.code,
    status: error.status,
    requestId: request.id,
    actions: actionsFor(error, request)
  })
}

function actionsFor (error: GatewayError, request: FastifyRequest): readonly ErrorAction[] {
  const home: ErrorAction = { kind: 'home', href: '/' }
  if (isAboutAccount.has(error.code)) return request.target.path === '/' ? [anotherAccount] : [anotherAccount, home]
  if (beginsAnew.has(error.code) || (worksOnce(request) && (error.status >= 500 || error.code === 'too_many_requests'))) return [{ kind: 'sign-in', href: signInHref(request) }]
  const canRepeat = error.status >= 500 && request.method === 'GET' && !request.target.isReserved
  return [canRepeat ? { kind: 'retry', href: request.target.raw } : home]
}

const isAboutAccount = new Set<ErrorCode>(['access_denied', 'account_disabled'])
const anotherAccount: ErrorAction = { kind: 'another-account', href: null }

/** Back to what was asked for; an address of ours is no place to come back to. */
function signInHref ({ signInHref, method, target }: FastifyRequest): string {
  if (signInHref !== null) return signInHref
  return method === 'GET' && !target.isReserved ? `/oauth2/sign_in?${new URLSearchParams({ rd: target.raw })}` : '/oauth2/sign_in'
}

function worksOnce ({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config?.worksOnce === true
}

/** Errors of the framework and of Node carry a status; everything else is ours and unexpected. */
function codeFor (thrown: unknown): ErrorCode {
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : 500
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'FST_ERR_BAD_URL') return 'malformed_request_target'
  const exact = (Object.keys(errorCatalogue) as ErrorCode[]).find((code) => errorCatalogue[code].status === status)
  return typeof status === 'number' && status < 500 ? exact ?? 'malformed_request' : 'internal_error'
}
