import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { formOf, queryOf } from '../body.ts'
import type { World } from '../world.ts'
import { problemPage } from './problem-page.ts'
import { pageContext, sendPage } from './send-page.ts'
import { paidPage, topupAmounts, topupPage } from './topup-page.ts'

/** The top-up page, E-15. The link's token says who pays; no sign-in is needed. */
export function topupRoutes (app: FastifyInstance, world: World): void {
  app.get('/topup', async function topup (request, reply) {
    const token = queryOf(request).get('token') ?? ''
    const username = world.topupLinks.username(token)
    if (username === null) return sendExpired(request, reply)
    const returnTo = webAddress(queryOf(request).get('return_to'))
    return sendPage(request, reply, topupPage(pageContext(request), { username, token, returnTo, balance: balanceOf(world, username) }))
  })

  app.post('/topup', async function pay (request, reply) {
    const form = formOf(request) ?? new URLSearchParams()
    const token = form.get('token') ?? ''
    const username = world.topupLinks.username(token)
    const amount = topupAmounts.find((known) => String(known) === form.get('amount'))
    if (username === null) return sendExpired(request, reply)
    if (amount === undefined) return sendPage(request, reply, problemPage(pageContext(request), pageContext(request).texts.badAmount))
    world.topupLinks.spend(token)
    const delayMs = world.faults.setting('creditDelayMs', { endpoints: ['topup_page'], username, clientId: null }) ?? 0
    world.credits.schedule(username, amount, delayMs)
    return sendPage(request, reply, paidPage(pageContext(request), {
      balance: balanceOf(world, username),
      returnTo: webAddress(form.get('return_to')),
      isPending: delayMs > 0
    }))
  })
}

function sendExpired (request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const context = pageContext(request)
  return sendPage(request, reply, problemPage(context, context.texts.linkExpired, 410))
}

function balanceOf ({ users }: World, username: string): string {
  return String(users.get(username).balance_formatted ?? '?')
}

/** A link to go back to: http and https only, or `javascript:` would run on this page. */
function webAddress (text: string | null): string | null {
  const url = URL.parse(text ?? '')
  return url !== null && ['http:', 'https:'].includes(url.protocol) ? url.href : null
}
