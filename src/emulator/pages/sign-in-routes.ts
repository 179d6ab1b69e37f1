import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { delayed, intercepted } from '../api/endpoint.ts'
import { asStrictlyEncoded, type Authorization, authorize, authorizeExchange, consent, type ConsentDecision } from '../authorization.ts'
import { formOf, queryOf } from '../body.ts'
import type { World } from '../world.ts'
import { consentPage } from './consent-page.ts'
import { loginPage } from './login-page.ts'
import { nextPath } from './next-path.ts'
import { problemPage } from './problem-page.ts'
import { pageContext, sendPage } from './send-page.ts'
import { signedInUser, startSignIn } from './signed-in.ts'

/** The way through the browser: authorize, sign in, consent (E-10 to E-13, E-21). */
export function signInRoutes (app: FastifyInstance, world: World): void {
  app.get('/api/oauth2/authorize', async function authorizeRoute (request, reply) {
    const query = withoutLang(queryOf(request))
    const exchange = authorizeExchange(query, signedInUser(world, request))
    if (intercepted(world, exchange, request, reply)) return reply
    await delayed(world, exchange)
    const username = signedInUser(world, request)
    return sendAuthorization(world, request, reply, asStrictlyEncoded(world, request.url, query, username), username)
  })

  app.post('/login', async function loginRoute (request, reply) {
    const username = formOf(request)?.get('username') ?? ''
    const next = nextPath(formOf(request)?.get('next') ?? null)
    if (world.users.find(username) === null) return sendPage(request, reply, loginPage(pageContext(request), { appName: null, usernames: world.users.names(), next: pathOf(next), isUnknownUser: true }))
    startSignIn(world, reply, username)
    if (next.pathname !== '/api/oauth2/authorize') return reply.redirect(pathOf(next), 303)
    return sendAuthorization(world, request, reply, withoutLang(next.searchParams), username)
  })

  app.post('/consent', async function consentRoute (request, reply) {
    const form = formOf(request) ?? new URLSearchParams()
    const next = nextPath(form.get('next'))
    const username = signedInUser(world, request)
    if (username === null) return reply.redirect(pathOf(next), 303)
    const query = withoutLang(next.searchParams)
    const authorization = consent(world, query, username, readDecision(form.get('decision')))
    return answerAuthorization(world, request, reply, query, authorization, username)
  })
}

function sendAuthorization (world: World, request: FastifyRequest, reply: FastifyReply, query: URLSearchParams, username: string | null): FastifyReply {
  return answerAuthorization(world, request, reply, query, authorize(world, query, username), username)
}

function answerAuthorization (world: World, request: FastifyRequest, reply: FastifyReply, query: URLSearchParams, authorization: Authorization, username: string | null): FastifyReply {
  const context = pageContext(request)
  const next = `/api/oauth2/authorize?${query.toString().replaceAll('+', '%20')}`
  switch (authorization.outcome) {
    case 'redirect': return reply.redirect(authorization.location, request.method === 'GET' ? 302 : 303)
    case 'refused': return sendPage(request, reply, problemPage(context, context.texts[authorization.problem]))
    case 'sign-in': return sendPage(request, reply, loginPage(context, { appName: authorization.request.app.name, usernames: world.users.names(), next }))
    case 'consent': return sendPage(request, reply, consentPage(context, authorization.request, username ?? '', next))
  }
}

/** Anything but a clear yes is a no. */
function readDecision (decision: string | null): ConsentDecision {
  return decision === 'allow' || decision === 'profile' ? decision : 'deny'
}

function pathOf ({ pathname, search }: URL): string {
  return `${pathname}${search}`
}

/** `lang` is the page's own parameter; the language links add it to the authorization request. */
function withoutLang (query: URLSearchParams): URLSearchParams {
  const rest = new URLSearchParams(query)
  rest.delete('lang')
  return rest
}
