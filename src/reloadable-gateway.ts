import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import Fastify from 'fastify'
import { createHeldConnections } from './bearer/held-connections.ts'
import type { Config } from './config/schema.ts'
import { createGateway, type Gateway, type GatewayOptions } from './gateway.ts'
import { createLiveConnections } from './proxy/live-connections.ts'
import { answerHalfClosed } from './server/half-closed.ts'
import { createPublicServer, listeningWith } from './server/public-server.ts'
import { startTimeLimit } from './server/time-limit.ts'
import { detachable } from './session/detachable-store.ts'

/** A gateway whose configuration can be exchanged while it runs. `app` and `admin` only listen; each request is served by the gateway of the day. */
export interface ReloadableGateway extends Omit<Gateway, 'takeOver' | 'handOver' | 'serve'> {
  /**
   * From now on, requests meet a gateway of this configuration; what runs is finished by the one it met. Listeners, store and
   * workers stay as they were at start; the certificate is shown to who connects from now on.
   * @throws when no gateway can be made of it (a certificate that is none): nothing has changed then, and nothing of it is left behind
   */
  reload (config: Config): Promise<void>
}

/** One configuration's gateway, and what it still has to finish. */
interface Generation {
  readonly gateway: Gateway
  readonly detachStore: () => void
  inFlight: number
  isRetired: boolean
}

/** How long a retired gateway's renewals may still run when its last request is done. */
const retireWithinMs = 60_000

export async function createReloadableGateway (options: GatewayOptions): Promise<ReloadableGateway> {
  const live = createLiveConnections()
  const held = createHeldConnections()
  const generations = new Set<Generation>()
  let isDraining = false
  let current = await generationOf(options.config)
  current.gateway.takeOver()

  async function generationOf (config: Config): Promise<Generation> {
    const { store, detach } = detachable(options.store)
    const gateway = await readyGateway({ ...options, config, store, live, held }).catch((error: unknown) => {
      detach()
      throw error
    })
    const generation = { gateway, detachStore: detach, inFlight: 0, isRetired: false }
    generations.add(generation)
    return generation
  }

  function enter (work: { once (event: 'close', listener: () => void): unknown }): Gateway {
    const generation = current
    generation.inFlight++
    work.once('close', () => {
      generation.inFlight--
      closeWhenDone(generation)
    })
    return generation.gateway
  }

  function closeWhenDone (generation: Generation, withinMs = retireWithinMs): void {
    if (!generation.isRetired || generation.inFlight > 0 || !generations.delete(generation)) return
    generation.detachStore()
    generation.gateway.close(withinMs).catch((error: unknown) => options.log.log.error({ err: error }, 'a configuration that was replaced could not be closed'))
  }

  /** A certificate that cannot be used leaves everything as it was. */
  function renewCertificate ({ server }: Config, next: Generation): void {
    try {
      publicServer.renewCertificate(server)
    } catch (error) {
      next.isRetired = true
      closeWhenDone(next)
      throw error
    }
  }

  const serve: RequestListener = (request, response) => {
    if (isDraining) response.shouldKeepAlive = false // whoever keeps connections finds another replica for the next request
    enter(response).serve(request, response)
  }
  const publicServer = createPublicServer(options.config.server)
  const app = Fastify(listeningWith(publicServer.options, serve))
  const admin = Fastify(listeningWith({}, (request, response) => { current.gateway.admin.routing(request, response) }))

  if (options.config.server.tls === null) answerHalfClosed(app.server)
  app.server.on('checkContinue', serve)
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => { enter(response).app.server.emit('checkExpectation', request, response) })
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => { enter(socket).app.server.emit('upgrade', request, socket, head) })

  const drain = (): void => {
    isDraining = true
    for (const { gateway } of generations) gateway.drain()
  }

  return {
    app,
    admin,
    async reload (config) {
      if (isDraining) return
      const before = current
      const next = await generationOf(config)
      renewCertificate(config, next)
      current = next
      before.isRetired = true
      // Else it would go on for as long as a WebSocket it let in is open, with a client secret and rules of yesterday.
      before.gateway.handOver()
      next.gateway.takeOver() // not before: rules that come to nothing must end nothing
      closeWhenDone(before)
    },
    drain,
    async close (withinMs, hurry) {
      drain()
      live.endAll()
      publicServer.drain()
      const limit = startTimeLimit(withinMs, hurry)
      limit.isUp.then(() => { live.cutAll(); publicServer.cutAll(); app.server.closeAllConnections() })
      // A request that ends while we close leaves its kept-alive connection behind, which nobody would wait for.
      const sweeper = setInterval(() => app.server.closeIdleConnections(), 100)
      await app.close()
      clearInterval(sweeper)
      await Promise.all(Array.from(generations, ({ gateway }) => gateway.close(limit.leftMs(), hurry)))
      limit.cancel()
      await admin.close()
    }
  }
}

/** A gateway that could answer at once. */
async function readyGateway (options: GatewayOptions): Promise<Gateway> {
  const gateway = await createGateway(options)
  try {
    await Promise.all([gateway.app.ready(), gateway.admin.ready()])
    return gateway
  } catch (error) {
    await gateway.close(0)
    throw error
  }
}
