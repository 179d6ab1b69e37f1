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
import { statusRoutes } from './pages/status-routes.ts'
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
  corsRoutes(app, world)
  signInRoutes(app, world)
  accountRoutes(app, world)
  topupRoutes(app, world)
  consoleRoutes(app, world)
  statusRoutes(app, world)
  controlRoutes(app, world, options.controlToken)
  app.setNotFoundHandler(unknownPath(world))
  return app
}

/** E-26: one-api has no CORS on its API (provider.md F-52); the fault `cors` switches it on, preflights included. */
function corsRoutes (app: FastifyInstance, world: World): void {
  app.options('/api/*', async function preflight (request, reply) {
    if (reply.getHeader('access-control-allow-origin') === undefined) return unknownPath(world)(request, reply)
    return reply.code(204).headers({ 'access-control-allow-methods': 'GET, POST, OPTIONS', 'access-control-allow-headers': 'authorization, content-type', 'access-control-max-age': '43200' }).send()
  })
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
    const allowedOrigin = world.faults.setting('allowedOrigin', { endpoints: [], username: null, clientId: null })
    if (allowedOrigin !== undefined && request.url.startsWith('/api/')) reply.headers({ 'access-control-allow-origin': allowedOrigin, 'access-control-allow-credentials': 'true' })
    if (openerPolicy !== undefined) reply.header('cross-origin-opener-policy', openerPolicy)
    if (!/^\/(__emulator|status)/.test(request.url)) world.requests.record(request, world.clock.now())
  })
}
