import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isSameOrigin, wantsHtml } from '../access/caller.ts'
import { clientAddressOf } from '../access/client-address.ts'
import type { TrustedProxies } from '../access/trusted-proxies.ts'
import type { AihubmixClient } from '../aihubmix/client.ts'
import type { Config } from '../config/schema.ts'
import { GatewayError, InvalidGrant } from '../errors.ts'
import type { Appearance } from '../pages/appearance.ts'
import { pageOptions, searchOf, sendPage } from '../pages/plugin.ts'
import { popupPage } from '../pages/popup.ts'
import { signInPage } from '../pages/sign-in.ts'
import { signOutPage } from '../pages/sign-out.ts'
import { signedOutPage } from '../pages/signed-out.ts'
import { cookieValues, type OwnCookies } from '../session/cookies.ts'
import type { SessionStore } from '../session/store.ts'
import type { OpenSession, UserSessions } from '../session/user-sessions.ts'
import type { GatewayMetrics } from '../telemetry/metrics.ts'
import { readAuthorizationResponse, refusalError } from './callback.ts'
import type { CodeExchanges } from './code-exchanges.ts'
import { exchanged } from './exchanged.ts'
import { handoffEndpoint } from './handoff-endpoint.ts'
import type { Handoff } from './handoff.ts'
import { triedCookies, type CurrentSession } from './current-session.ts'
import { beginHref, popupTarget, returnTo, sharesSession } from './return-to.ts'
import type { SetCookies } from './set-cookies.ts'
import type { SignIn } from './sign-in.ts'
import { transactionMaxAgeMs, type LoginTransaction, type LoginTransactions } from './transaction.ts'

export interface LoginOptions {
  readonly config: Config
  readonly appearance: Appearance
  readonly aihubmix: AihubmixClient
  readonly store: SessionStore
  readonly sessions: UserSessions
  readonly transactions: LoginTransactions
  readonly currentSession: CurrentSession
  readonly signIn: SignIn
  readonly handoff: Handoff
  readonly cookies: SetCookies
  readonly ownCookies: OwnCookies
  readonly codeExchanges: CodeExchanges
  readonly trusted: TrustedProxies
  /** Closes what the ended session still holds open. */
  readonly endConnections: (sessionId: string) => void
  readonly metrics: Pick<GatewayMetrics, 'signIn' | 'sessionOpened' | 'sessionEnded'>
  readonly now: () => number
}

const signedOutMarkMs = 24 * 3_600_000

/** The sign-in endpoints: sign_in, start, callback, handoff, sign_out. */
export async function loginPlugin (app: FastifyInstance, options: LoginOptions): Promise<void> {
  const { config, appearance, signIn, cookies, ownCookies } = options
  const { publicUrl } = config.server
  const whereTo = (request: FastifyRequest): string => returnTo(searchOf(request).get('rd'), { publicUrl, sharesSession: sharesSession(config) })

  const askingPage = (request: FastifyRequest, reply: FastifyReply, host: string, startHref: string): FastifyReply => sendPage(reply, signInPage({
    ...pageOptions(request, appearance),
    host,
    scopes: config.aihubmix.scope.split(' '),
    startHref,
    autoAuthorize: config.aihubmix.autoAuthorize
  }))

  app.get('/oauth2/sign_in', async (request, reply) => {
    const host = options.handoff.isFor(request.hostName) ? request.hostName : new URL(publicUrl).host
    return askingPage(request, reply, host, `/oauth2/start?${new URLSearchParams({ rd: whereTo(request) })}`)
  })

  app.get('/oauth2/start', async (request, reply) => {
    const target = whereTo(request)
    return signIn.begin(request, reply, searchOf(request).get('mode') === 'popup' ? popupTarget(target) : target)
  })

  app.get('/oauth2/popup', async (request, reply) => sendPage(reply, popupPage(pageOptions(request, appearance))))

  // Not for HEAD: looking must not spend the state.
  app.get(new URL(config.aihubmix.redirectUri).pathname, { exposeHeadRoute: false, config: { worksOnce: true } }, async (request, reply) => await counted(callback(request, reply, options), request, options))

  handoffEndpoint(app, {
    ...options,
    publicHost: new URL(publicUrl).hostname,
    askingPage,
    sessionMaxAgeMs: config.session.maxAge,
    spent: async (state, request) => await spentTransaction(state, request, options),
    alreadySignedIn: async (request, reply, error) => await alreadySignedIn(request, reply, options, error),
    endOthers: async (request, kept) => await endPresentedSessions(request, options, 'replaced', kept)
  })

  app.get('/oauth2/sign_out', async (request, reply) => {
    const [opened] = await presentedSessions(request, options) // as it stands: nobody needs AIHubMix to leave
    const page = pageOptions(request, appearance)
    return sendPage(reply, opened === undefined
      ? signedOutPage({ ...page, signInHref: '/oauth2/sign_in' })
      : signOutPage({ ...page, username: opened.session.identity.username, returnHref: '/' }))
  })

  app.post('/oauth2/sign_out', async (request, reply) => {
    // A cross-site form would sign people out (RFC 9700 §4.7 in spirit): only our own pages may.
    if (!isSameOrigin(request.headers, [publicUrl, ...ownOrigins(request)])) throw new GatewayError('cross_origin')
    for (const { session } of await endPresentedSessions(request, options, 'sign_out')) {
      request.log.info({ audit: 'sign_out', id: request.id, user: session.identity.id }, 'signed out')
    }
    cookies.clear(reply, ownCookies.session)
    cookies.set(reply, ownCookies.signedOut, '1', signedOutMarkMs)
    reply.header('cache-control', 'no-store')
    return wantsHtml(request.headers) ? reply.redirect('/oauth2/sign_out', 303) : reply.code(204).send()
  })
}

async function callback (request: FastifyRequest, reply: FastifyReply, options: LoginOptions): Promise<FastifyReply> {
  const { cookies, transactions } = options
  reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer')
  const response = readAuthorizationResponse(searchOf(request))
  const transaction = await spentTransaction(response.state, request, options)
  // Back, or a second answer to the same attempt: whoever is signed in goes on to the app (oauth2-proxy#1888).
  if (transaction instanceof GatewayError) return await alreadySignedIn(request, reply, options, transaction)
  cookies.clear(reply, transactions.cookieName(response.state))
  request.signInHref = beginHref(transaction.returnTo)
  if ('refusal' in response) throw refusalError(response.refusal)

  try {
    await beginSession(request, reply, options, transaction, response.code)
    return reply.redirect(transaction.returnTo, 303)
  } catch (error) {
    return restarted(request, reply, options, transaction, error)
  }
}

/** V-39: a code that is spent or too old costs the person nothing but a way round, once. */
function restarted (request: FastifyRequest, reply: FastifyReply, { signIn }: LoginOptions, transaction: LoginTransaction, error: unknown): FastifyReply {
  if (!(error instanceof InvalidGrant) || transaction.isRestart) throw error
  request.log.info({ audit: 'sign_in_restarted', id: request.id, err: error.cause }, 'the code was refused as invalid: the sign-in is started once more')
  return signIn.begin(request, reply, transaction.returnTo, { isRestart: true })
}

/** A sign-in that ends in an error is counted and written down under its code. */
async function counted<Answer> (answer: Promise<Answer>, request: FastifyRequest, { metrics }: LoginOptions): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    const code = error instanceof GatewayError ? error.code : 'internal_error'
    metrics.signIn(code)
    request.log.info({ audit: 'sign_in_failed', id: request.id, code }, 'sign-in failed')
    throw error
  }
}

/** Spends the state before anything else is done with the response, once over all replicas. */
async function spentTransaction (state: string, request: FastifyRequest, { transactions, store }: LoginOptions): Promise<LoginTransaction | GatewayError> {
  try {
    const transaction = transactions.find(state, request.headers.cookie)
    const isFirst = await store.spendOnce(transactions.cookieName(state), transactionMaxAgeMs)
    return isFirst ? transaction : new GatewayError('invalid_state', { cause: new Error('the state was spent before') })
  } catch (error) {
    if (error instanceof GatewayError && error.status === 400) return error
    throw error
  }
}

async function alreadySignedIn (request: FastifyRequest, reply: FastifyReply, { currentSession }: LoginOptions, error: GatewayError): Promise<FastifyReply> {
  if (await currentSession(request.headers.cookie) === null) throw error
  return reply.redirect('/', 303)
}

async function beginSession (request: FastifyRequest, reply: FastifyReply, options: LoginOptions, transaction: LoginTransaction, code: string): Promise<void> {
  const { config, sessions, cookies, ownCookies, codeExchanges, trusted, metrics, now } = options
  const { tokens, identity } = await codeExchanges.by(clientAddressOf(request.raw, trusted), () => exchanged(code, transaction, options))
  const { cookieValue, opened } = await sessions.begin({ tokens, identity, createdAt: now(), lastSeenAt: now() })
  metrics.sessionOpened()
  await endPresentedSessions(request, options, 'replaced')
  cookies.set(reply, ownCookies.session, cookieValue, config.session.maxAge)
  if (cookieValues(request.headers.cookie, ownCookies.signedOut).length > 0) cookies.clear(reply, ownCookies.signedOut)
  metrics.signIn('success')
  logSignIn(request, opened)
}

/** Every session the browser shows a ticket of. */
async function presentedSessions (request: FastifyRequest, { sessions, ownCookies }: LoginOptions): Promise<readonly OpenSession[]> {
  const values = cookieValues(request.headers.cookie, ownCookies.session).slice(0, triedCookies)
  return (await Promise.all(values.map((value) => sessions.fromCookie(value)))).filter((found) => found !== null)
}

/** Ends them: at sign-out, and before another begins, whoever's they were (RFC 9700 §4.7). */
async function endPresentedSessions (request: FastifyRequest, options: LoginOptions, end: 'sign_out' | 'replaced', kept?: OpenSession): Promise<readonly OpenSession[]> {
  const { sessions, endConnections, metrics } = options
  const opened = (await presentedSessions(request, options)).filter(({ ticket }) => ticket.id !== kept?.ticket.id)
  await Promise.all(opened.map((one) => sessions.end(one)))
  for (const { ticket } of opened) {
    endConnections(ticket.id)
    metrics.sessionEnded(end)
  }
  return opened
}

function logSignIn (request: FastifyRequest, { session: { identity, tokens } }: OpenSession): void {
  request.trail.user = identity.id
  request.log.info({ audit: 'sign_in', id: request.id, user: identity.id, scope: tokens.scope }, 'signed in')
}

/** A browser names the origin of the page, and the host it posts to, itself: where the two agree, the page is of this very site. */
function ownOrigins ({ headers: { host = '' } }: FastifyRequest): readonly string[] {
  return [`https://${host}`, `http://${host}`]
}
