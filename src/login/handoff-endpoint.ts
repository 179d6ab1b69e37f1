import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError } from '../errors.ts'
import { searchOf } from '../pages/plugin.ts'
import { cookieValues, type OwnCookies } from '../session/cookies.ts'
import type { OpenSession, UserSessions } from '../session/user-sessions.ts'
import { triedCookies } from './current-session.ts'
import { handoffPath, type Handoff } from './handoff.ts'
import type { SetCookies } from './set-cookies.ts'
import type { SignIn } from './sign-in.ts'
import type { LoginTransaction, LoginTransactions } from './transaction.ts'

export interface HandoffEndpointOptions {
  readonly handoff: Handoff
  readonly publicHost: string
  /** The page that asks before a sign-in for this host begins at `startHref`. */
  readonly askingPage: (request: FastifyRequest, reply: FastifyReply, host: string, startHref: string) => FastifyReply
  readonly sessionMaxAgeMs: number
  readonly sessions: Pick<UserSessions, 'fromCookie'>
  readonly transactions: LoginTransactions
  readonly signIn: SignIn
  readonly cookies: SetCookies
  readonly ownCookies: OwnCookies
  /** Spends the state of an attempt that began in this browser, once over all replicas. */
  readonly spent: (state: string, request: FastifyRequest) => Promise<LoginTransaction | GatewayError>
  /** The answer to a state that is no good: on to the app for who is signed in, else the error. */
  readonly alreadySignedIn: (request: FastifyRequest, reply: FastifyReply, error: GatewayError) => Promise<FastifyReply>
  /** Ends every other session this browser shows a ticket of on this host. */
  readonly endOthers: (request: FastifyRequest, kept: OpenSession) => Promise<unknown>
}

/** Both ends of the hand-off: the public host gives the code, the other host takes it. Not for HEAD: looking must not spend it. */
export function handoffEndpoint (app: FastifyInstance, options: HandoffEndpointOptions): void {
  app.get(handoffPath, { exposeHeadRoute: false, config: { worksOnce: true } }, async (request, reply) => {
    reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer')
    const code = searchOf(request).get('code')
    return code === null ? await give(request, reply, options) : await take(request, reply, options, code)
  })
}

async function give (request: FastifyRequest, reply: FastifyReply, { handoff, publicHost, askingPage, signIn, sessions, ownCookies }: HandoffEndpointOptions): Promise<FastifyReply> {
  const asked = handoff.readRequest(searchOf(request))
  if (request.hostName !== publicHost) throw new GatewayError('unknown_host', { cause: new Error('a hand-off is asked of the public host: the proxy in front does not pass Host on') })
  for (const value of cookieValues(request.headers.cookie, ownCookies.session).slice(0, triedCookies)) {
    if (await sessions.fromCookie(value) !== null) return reply.redirect(handoff.answerUrl(asked, value), 302)
  }
  // Signed out here, the browser was asked nothing there; and AIHubMix, which remembers what was agreed to, may not ask either.
  const isUnasked = !asked.asksFirst && cookieValues(request.headers.cookie, ownCookies.signedOut).length > 0
  if (isUnasked) return askingPage(request, reply, asked.host, handoff.askedAddress(request.target.raw))
  return signIn.begin(request, reply, request.target.raw, { asksFirst: asked.asksFirst })
}

async function take (request: FastifyRequest, reply: FastifyReply, options: HandoffEndpointOptions, code: string): Promise<FastifyReply> {
  const { handoff, sessions, transactions, cookies, ownCookies } = options
  const state = searchOf(request).get('state') ?? ''
  const transaction = await options.spent(state, request)
  if (transaction instanceof GatewayError) return await options.alreadySignedIn(request, reply, transaction)
  cookies.clear(reply, transactions.cookieName(state))
  const cookieValue = handoff.redeem(code, request.hostName, transaction)
  const opened = await sessions.fromCookie(cookieValue)
  if (opened === null) throw new GatewayError('sign_in_expired', { cause: new Error('the session ended on its way') })
  await options.endOthers(request, opened)
  cookies.set(reply, ownCookies.session, cookieValue, options.sessionMaxAgeMs)
  if (cookieValues(request.headers.cookie, ownCookies.signedOut).length > 0) cookies.clear(reply, ownCookies.signedOut)
  request.trail.user = opened.session.identity.id
  request.log.info({ audit: 'session_handed_over', id: request.id, user: opened.session.identity.id, host: request.hostName }, 'session handed over')
  return reply.redirect(transaction.returnTo, 303)
}
