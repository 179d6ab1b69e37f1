import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { formOf } from '../body.ts'
import { FaultRefused } from '../faults/stages.ts'
import { presetNames } from '../presets.ts'
import { countables } from '../requests.ts'
import type { World } from '../world.ts'
import { problemPage } from './problem-page.ts'
import { pageContext, sendPage } from './send-page.ts'
import { statusPage } from './status-page.ts'

const shownRequests = 20

/** The status page: faults in force, clock, counters, last requests (provider.md 4.5). */
export function statusRoutes (app: FastifyInstance, world: World): void {
  app.get('/status', async function status (request, reply) {
    return sendPage(request, reply, statusPage(pageContext(request), {
      faults: world.faults.all(),
      presets: presetNames,
      now: world.clock.now(),
      clockSkewMs: world.clock.now() - world.clock.trueNow(),
      counts: countables.map((name) => [name, world.requests.count(name)]),
      requests: world.requests.all.slice(-shownRequests).toReversed()
    }))
  })

  app.post('/status', async function change (request, reply) {
    const context = pageContext(request)
    if (!isOwnPage(request)) return sendPage(request, reply, problemPage(context, context.texts.foreignPage, 403))
    return changed(world, request, reply)
  })
}

function changed (world: World, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const form = formOf(request) ?? new URLSearchParams()
  const context = pageContext(request)
  try {
    const advance = form.get('advance')
    if (advance !== null) world.clock.advance(advance)
    if (form.get('do') === 'load') world.load(form.get('preset') ?? '')
    if (form.get('do') === 'clear') world.faults.clear()
    if (form.get('do') === 'revoke') world.revoke({})
  } catch (error) {
    if (!(error instanceof FaultRefused) && !(error instanceof RangeError)) throw error
    return sendPage(request, reply, problemPage(context, error.message))
  }
  return reply.redirect(`/status?lang=${context.language}`, 303)
}

/** A page of another site must not switch faults on, nor one whose name was pointed at loopback. */
function isOwnPage ({ headers: { host = '', origin, 'sec-fetch-site': site } }: FastifyRequest): boolean {
  // Our pages send no referrer, and for such a form a browser writes `Origin: null`; where it came from says Sec-Fetch-Site.
  return (origin === `http://${host}` || site === 'same-origin') && /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host)
}
