import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isNavigation } from '../access/caller.ts'
import type { AihubmixClient } from '../aihubmix/client.ts'
import { GatewayError, InvalidAccessToken } from '../errors.ts'
import type { CurrentSession } from '../login/current-session.ts'
import type { Renewal } from '../login/renewal.ts'
import type { SignIn } from '../login/sign-in.ts'
import { searchOf } from '../pages/plugin.ts'
import type { OpenSession } from '../session/user-sessions.ts'
import { createOnceASecond } from './once-a-second.ts'

export interface AccountOptions {
  readonly aihubmix: Pick<AihubmixClient, 'topupUrl'>
  readonly currentSession: CurrentSession
  readonly renewal: Renewal
  readonly signIn: SignIn
  readonly now: () => number
}

/** What an app's front end asks about the user: userinfo and topup. No answer ever holds a token. */
export async function accountPlugin (app: FastifyInstance, { aihubmix, currentSession, renewal, signIn, now }: AccountOptions): Promise<void> {
  // Both call AIHubMix, whose patience all users share: one browser in a loop must not use it up.
  const rereadOnce = createOnceASecond<OpenSession | null>(now)
  const topupOnce = createOnceASecond<string>(now)

  app.get('/oauth2/userinfo', async (request, reply) => {
    const current = await signedIn(request)
    const opened = searchOf(request).get('fresh') === '1' ? await reread(current) : current
    const { userinfo, readAt } = opened.session.identity
    return noStore(reply)
      .header('age', String(Math.max(0, Math.floor((now() - readAt) / 1000))))
      .header('content-type', 'application/json; charset=utf-8')
      .send(userinfo)
  })

  app.get('/oauth2/topup', async (request, reply) => {
    const opened = await currentSession(request.headers.cookie)
    if (opened === null) return signIn.challenge(request, reply, false)
    request.trail.user = opened.session.identity.id
    const topupUrl = await topupOnce(opened.ticket.id, () => topupUrlOf(opened))
    await renewal.expectTopUp(opened)
    const wantsJson = !isNavigation(request.method, request.headers)
    return wantsJson ? noStore(reply).send({ topup_url: topupUrl }) : noStore(reply).redirect(topupUrl, 303)
  })

  async function signedIn (request: FastifyRequest): Promise<OpenSession> {
    const opened = await currentSession(request.headers.cookie)
    if (opened === null) throw new GatewayError('login_required')
    request.trail.user = opened.session.identity.id
    return opened
  }

  /** What was known before is still an answer while AIHubMix is away; `Age` says how old it is. */
  async function reread (opened: OpenSession): Promise<OpenSession> {
    try {
      return signedInStill(await rereadOnce(opened.ticket.id, () => renewal.reread(opened)))
    } catch (error) {
      if (error instanceof GatewayError && error.status < 500) throw error
      return opened
    }
  }

  /** C-63: on 401 the tokens are renewed once and the call repeated once. */
  async function topupUrlOf (opened: OpenSession): Promise<string> {
    try {
      return await aihubmix.topupUrl(opened.session.tokens)
    } catch (error) {
      if (!(error instanceof InvalidAccessToken)) throw error
      const renewed = signedInStill(await renewal.reread(opened))
      return await aihubmix.topupUrl(renewed.session.tokens).catch(asRefusal)
    }
  }
}

function signedInStill (opened: OpenSession | null): OpenSession {
  if (opened === null) throw new GatewayError('login_required')
  return opened
}

/** AIHubMix takes the token for the user but not for this: signing in again would not help. */
function asRefusal (error: unknown): never {
  throw error instanceof InvalidAccessToken ? new GatewayError('provider_refused', { cause: error }) : error
}

function noStore (reply: FastifyReply): FastifyReply {
  return reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', vary: 'cookie' })
}
