import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AihubmixClient } from '../aihubmix/client.ts'
import type { Config } from '../config/schema.ts'
import { isNavigation } from '../access/caller.ts'
import { GatewayError } from '../errors.ts'
import { searchOf } from '../pages/plugin.ts'
import { cookieValues, type OwnCookies } from '../session/cookies.ts'
import type { Handoff } from './handoff.ts'
import { longestTarget, sharesSession, startSearch } from './return-to.ts'
import type { SetCookies } from './set-cookies.ts'
import { codeChallenge, transactionCookieMaxAgeMs, type LoginTransaction, type LoginTransactions } from './transaction.ts'

interface SignInOptions {
  readonly config: Config
  readonly aihubmix: Pick<AihubmixClient, 'authorizationUrl'>
  readonly transactions: LoginTransactions
  readonly handoff: Handoff
  readonly cookies: SetCookies
  readonly ownCookies: OwnCookies
}

export interface SignIn {
  /** Sends the browser to AIHubMix, on a host a session is handed to by way of the public host; it comes back to `returnTo`. */
  begin (request: FastifyRequest, reply: FastifyReply, returnTo: string, how?: { readonly isRestart?: boolean, readonly asksFirst?: boolean }): FastifyReply
  /**
   * Answers a request that needs a session and has none: a navigation is led to sign in, nothing else ever is.
   * @throws GatewayError login_required
   */
  challenge (request: FastifyRequest, reply: FastifyReply, isApi: boolean, onBehalf?: OnBehalf): FastifyReply
}

/** A proxy in front asks on behalf of the browser. */
export interface OnBehalf {
  /** Of the browser's request. */
  readonly method: string
}

/** Marks a browser that was led to the public host: if it still comes under another, it would be led for ever. */
const ledHere = 'led'

export function createSignIn ({ config, aihubmix, transactions, handoff, cookies, ownCookies }: SignInOptions): SignIn {
  const { publicUrl } = config.server
  const { hostname, protocol, port } = new URL(publicUrl)
  const publicHost = hostname.replace(/\.$/, '')
  const isShared = sharesSession(config)

  const begin: SignIn['begin'] = (request, reply, returnTo, how) => {
    reply.header('cache-control', 'no-store')
    // The cookie of the attempt must be where AIHubMix sends the browser back to.
    if (request.hostName !== publicHost && searchOf(request).has(ledHere)) throw new GatewayError('unknown_host', { cause: new Error(`asked for as ${request.hostName}: the proxy in front does not pass Host on`) })
    if (handoff.isFor(request.hostName)) return reply.redirect(handoff.requestUrl(request.hostName, attempt(request, reply, returnTo), hasSignedOut(request)), 302)
    if (request.hostName !== publicHost) return reply.redirect(startUrl(addressOn(request.hostName, returnTo)), 302)
    const { state, codeVerifier } = attempt(request, reply, returnTo, how?.isRestart)
    return reply.redirect(aihubmix.authorizationUrl({
      state,
      codeChallenge: config.aihubmix.pkce === 'S256' ? codeChallenge(codeVerifier) : null,
      oneClick: config.aihubmix.autoAuthorize && how?.asksFirst !== true && !hasSignedOut(request)
    }), 302)
  }

  /** Begins an attempt, whose cookie is set on the host asked for. */
  const attempt = (request: FastifyRequest, reply: FastifyReply, returnTo: string, isRestart = false): LoginTransaction => {
    const { transaction, cookieName, cookieValue, crowdedOut } = transactions.begin(returnTo, request.headers.cookie, { isRestart })
    for (const name of crowdedOut) cookies.clear(reply, name)
    cookies.set(reply, cookieName, cookieValue, transactionCookieMaxAgeMs)
    return transaction
  }

  /** After a sign-out one click must not sign the same person in again unasked (R-14). */
  const hasSignedOut = (request: FastifyRequest): boolean => cookieValues(request.headers.cookie, ownCookies.signedOut).length > 0

  /** A path of a host that shares the session is returned to on that host. */
  const addressOn = (host: string, returnTo: string): string =>
    returnTo.startsWith('/') && isShared(host) ? `${protocol}//${host}${port === '' ? '' : `:${port}`}${returnTo}` : returnTo

  const startUrl = (returnTo: string): string => `${publicUrl}/oauth2/start?${new URLSearchParams({ ...startSearch(returnTo), [ledHere]: '1' })}`

  return {
    begin,
    challenge (request, reply, isApi, onBehalf) {
      if (cookieValues(request.headers.cookie, ownCookies.session).length > 0) cookies.clear(reply, ownCookies.session)
      if (isApi || !isNavigation(onBehalf?.method ?? request.method, request.headers)) throw new GatewayError('login_required')
      reply.header('cache-control', 'no-store').header('vary', 'cookie, sec-fetch-mode, accept')
      const returnTo = request.target.raw.length > longestTarget ? '/' : request.target.raw
      if (!hasSignedOut(request)) return begin(request, reply, returnTo)
      // Traefik would put its own address of us before a relative one.
      return reply.redirect(`${onBehalf === undefined ? '' : handoff.originFor(request.hostName)}/oauth2/sign_in?${new URLSearchParams({ rd: returnTo })}`, 302)
    }
  }
}
