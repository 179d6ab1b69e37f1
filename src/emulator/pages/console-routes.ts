import type { FastifyInstance } from 'fastify'
import { formOf } from '../body.ts'
import type { World } from '../world.ts'
import { consolePage } from './console-page.ts'
import { pageContext, sendPage } from './send-page.ts'

/** The developer console: the apps, and each secret once (E-16). */
export function consoleRoutes (app: FastifyInstance, { apps, faults }: World): void {
  app.get('/console/apps', async function listApps (request, reply) {
    return sendPage(request, reply, consolePage(pageContext(request), { apps: apps.all(), faults: faults.all() }))
  })

  app.post('/console/apps', async function showSecret (request, reply) {
    const secret = apps.revealSecret(formOf(request)?.get('client_id') ?? '')
    return sendPage(request, reply, consolePage(pageContext(request), { apps: apps.all(), faults: faults.all(), secret }))
  })
}
