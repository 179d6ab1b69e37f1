import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { formOf, queryOf } from '../body.ts'
import type { World } from '../world.ts'
import { grantsPage } from './grants-page.ts'
import { loginPage } from './login-page.ts'
import { nextPath } from './next-path.ts'
import { pageContext, sendPage } from './send-page.ts'
import { endSignIn, signedInUser } from './signed-in.ts'

/** The user centre, where a user takes consent back (E-14). */
export function accountRoutes (app: FastifyInstance, world: World): void {
  app.get('/user/authorizations', async function authorizations (request, reply) {
    return sendGrants(world, request, reply)
  })

  app.post('/user/authorizations', async function revoke (request, reply) {
    const username = signedInUser(world, request)
    const clientId = formOf(request)?.get('client_id') ?? ''
    if (username !== null) world.revoke({ username, clientId })
    const lang = queryOf(request).get('lang')
    return reply.redirect(`/user/authorizations?${new URLSearchParams({ revoked: '1', ...(lang === null ? {} : { lang }) })}`, 303)
  })

  app.post('/logout', async function signOut (request, reply) {
    endSignIn(world, request, reply)
    const { pathname, search } = nextPath(formOf(request)?.get('next') ?? null)
    return reply.redirect(`${pathname}${search}`, 303)
  })
}

function sendGrants (world: World, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const context = pageContext(request)
  const username = signedInUser(world, request)
  const { users, grants, apps } = world
  if (username === null) return sendPage(request, reply, loginPage(context, { appName: null, usernames: users.names(), next: '/user/authorizations' }))
  const own = grants.all().filter((grant) => grant.username === username)
  return sendPage(request, reply, grantsPage(context, {
    username,
    wasRevoked: queryOf(request).has('revoked'),
    grants: own.map((grant) => ({ ...grant, appName: apps.find(grant.clientId)?.name ?? grant.clientId }))
  }))
}
