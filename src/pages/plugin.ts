import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasBody, wantsHtml } from '../access/caller.ts'
import type { RequestTarget } from '../access/request-target.ts'
import { BalanceTooLow, errorCatalogue, GatewayError, type ErrorCode } from '../errors.ts'
import { balancePage } from './balance.ts'
import { errorPage } from './error.ts'
import { negotiateLocale, type Locale } from './locale.ts'
import { pageHeaders } from './page-headers.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The address works once and its query is a secret: no page links to it. */
    readonly worksOnce?: boolean
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

export function sendPage (reply: FastifyReply, page: string): FastifyReply {
  return reply.headers(pageHeaders).send(page)
}

interface ErrorAnswerOptions {
  /** Absolute: a program may run anywhere. */
  readonly loginUrl: string
  readonly topupUrl: string
  /** Told the code of each answer. */
  readonly onError: (code: ErrorCode, request: FastifyRequest) => void
}

export type ErrorAnswer = (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply

/** The one place where a failure becomes an answer: a page for a person, JSON for a program, the cause for the log alone. */
export function createErrorAnswer ({ onError, ...urls }: ErrorAnswerOptions): ErrorAnswer {
  return function answerError (thrown, request, reply) {
    const error = thrown instanceof GatewayError ? thrown : new GatewayError(codeFor(thrown), { cause: thrown })
    logError(error, request)
    onError(error.code, request)
    reply.code(error.status)
    if (error.retryAfterSeconds !== null) reply.header('retry-after', String(error.retryAfterSeconds))
    // What is left of a body would be read as the next request (RFC 9112 §9.3).
    if (hasBody(request.headers) && !request.raw.complete) reply.header('connection', 'close')
    if (!wantsHtml(request.headers)) return sendJson(reply, error, request.id, urls)
    if (error instanceof BalanceTooLow) return sendBalancePage(reply, error, request)
    return sendPage(reply, pageFor(error, request))
  }
}

export function answerErrors (app: FastifyInstance, answerError: ErrorAnswer): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply))
  app.setNotFoundHandler((request, reply) => answerError(new GatewayError('not_found'), request, reply))
}

function logError (error: GatewayError, request: FastifyRequest): void {
  // An outage of the store has its own line; one for each request would bury the log.
  const level = error.status >= 500 && error.code !== 'session_store_unavailable' ? 'error' : 'debug'
  request.log[level]({ id: request.id, code: error.code, err: error.cause }, `answered ${error.status}`)
}

function sendJson (reply: FastifyReply, error: GatewayError, requestId: string, { loginUrl, topupUrl }: Omit<ErrorAnswerOptions, 'onError'>): FastifyReply {
  reply.headers({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', vary: [reply.getHeader('vary') ?? [], 'accept, cookie'].flat().join(', ') })
  if (error.status === 401) reply.header('www-authenticate', `AIHubMix login_url="${loginUrl}"`)
  return reply.send({
    error: error.code,
    message: error.message,
    request_id: requestId,
    ...(error.status === 401 ? { login_url: loginUrl } : {}),
    ...(error instanceof BalanceTooLow ? { topup_url: topupUrl, balance: error.balance, min_balance: error.minBalance } : {})
  })
}

/** While a top-up is awaited the page looks again by itself, without script; a form that was sent is not sent again. */
function sendBalancePage (reply: FastifyReply, error: BalanceTooLow, request: FastifyRequest): FastifyReply {
  const canRepeat = request.method === 'GET' && !request.target.isReserved
  if (canRepeat && error.retryAfterSeconds !== null) reply.header('refresh', String(error.retryAfterSeconds))
  const { balance, minBalance, ageSeconds, topUp } = error
  return sendPage(reply, balancePage({
    locale: localeOf(request),
    languageHref: languageHref(request),
    againHref: canRepeat ? request.target.raw : '/',
    requestId: request.id,
    balance,
    minBalance,
    ageSeconds,
    topUp
  }))
}

const beginsAnew = new Set<ErrorCode>(['missing_parameters', 'invalid_state', 'sign_in_expired', 'consent_refused', 'exchange_failed', 'login_required'])

function pageFor (error: GatewayError, request: FastifyRequest): string {
  const worksOnce = request.routeOptions.config?.worksOnce === true
  const [actionKind, actionHref] = beginsAnew.has(error.code)
    ? ['sign-in', '/oauth2/sign_in'] as const
    : error.status >= 500 && request.method === 'GET' && !request.target.isReserved && !worksOnce
      ? ['retry', request.target.raw] as const
      : ['home', '/'] as const
  return errorPage({
    locale: localeOf(request),
    code: error.code,
    status: error.status,
    requestId: request.id,
    actionKind,
    actionHref,
    languageHref: worksOnce ? (locale) => `/oauth2/sign_in?lang=${locale}` : languageHref(request)
  })
}

/** Errors of the framework and of Node carry a status; everything else is ours and unexpected. */
function codeFor (thrown: unknown): ErrorCode {
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : 500
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'FST_ERR_BAD_URL') return 'malformed_request_target'
  const exact = (Object.keys(errorCatalogue) as ErrorCode[]).find((code) => errorCatalogue[code].status === status)
  return typeof status === 'number' && status < 500 ? exact ?? 'malformed_request' : 'internal_error'
}
