import cookie from '@fastify/cookie'
import fastify, { type FastifyInstance } from 'fastify'
import { withFaults } from './api/endpoint.ts'
import { oauthAppsEndpoint } from './api/oauth-apps.ts'
import { topupEndpoint, userinfoEndpoint } from './api/protected-resource.ts'
import { statusEndpoint } from './api/status.ts'
import { tokenEndpoint } from './api/token.ts'
import { unknownPath } from './api/unknown-path.ts'
import { keepBodiesAsText } from './body.ts'
import { controlRoutes } from './control/routes.ts'
import { accountRoutes } from './pages/account-routes.ts'
import { consoleRoutes } from './pages/console-routes.ts'
import { signInRoutes } from './pages/sign-in-routes.ts'
import { topupRoutes } from './pages/topup-routes.ts'
import type { World } from './world.ts'

interface ServerOptions {
  readonly developerToken: string
  readonly controlToken: string
  /** The emulator's own URL, known once it listens. */
  readonly originOf: () => string
}

/** AIHubMix over HTTP: its API, its pages, and the emulator's control API. */
export async function buildServer (world: World, options: ServerOptions): Promise<FastifyInstance> {
  const app = fastify({ forceCloseConnections: true })
  await app.register(cookie)
  keepBodiesAsText(app)
  markAndRecord(app, world)
  apiRoutes(app, world, options)
  signInRoutes(app, world)
  accountRoutes(app, world)
  topupRoutes(app, world)
  consoleRoutes(app, world)
  controlRoutes(app, world, options.controlToken)
  app.setNotFoundHandler(unknownPath(world))
  return app
}

function apiRoutes (app: FastifyInstance, world: World, { developerToken, originOf }: ServerOptions): void {
  app.post('/api/oauth_apps', withFaults(world, oauthAppsEndpoint(world, developerToken)))
  app.post('/api/oauth2/token', withFaults(world, tokenEndpoint(world)))
  app.get('/api/oauth2/userinfo', withFaults(world, userinfoEndpoint(world)))
  app.get('/api/oauth2/topup', withFaults(world, topupEndpoint(world, originOf)))
  app.get('/api/status', withFaults(world, statusEndpoint()))
}

function markAndRecord (app: FastifyInstance, world: World): void {
  app.addHook('preHandler', async function record (request, reply) {
    world.credits.settle()
    reply.headers({
      'x-aihubmix-emulator': '1',
      'x-oneapi-request-id': world.random.hex(12),
      date: new Date(world.clock.now()).toUTCString()
    })
    const openerPolicy = world.faults.setting('openerPolicy', { endpoints: [], username: null, clientId: null })
    if (openerPolicy !== undefined) reply.header('cross-origin-opener-policy', openerPolicy)
    if (!request.url.startsWith('/__emulator')) world.requests.record(request, world.clock.now())
  })
}
