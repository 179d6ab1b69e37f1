import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { SessionStore } from '../session/store.ts'
import type { GatewayMetrics } from '../telemetry/metrics.ts'

export interface AdminOptions {
  readonly store: SessionStore
  /** True from the first SIGTERM on: load balancers must look elsewhere. */
  readonly isDraining: () => boolean
  /** What else keeps the process from being ready. */
  readonly notReadyBecause?: () => Promise<string | null>
  readonly metrics: { readonly registry: Pick<GatewayMetrics['registry'], 'contentType' | 'metrics'> }
}

/** The admin listener of a process that serves no request itself. */
export async function createAdminServer (options: AdminOptions, loggerInstance: FastifyBaseLogger): Promise<FastifyInstance> {
  const admin = Fastify({ loggerInstance, logController: new LogController({ disableRequestLogging: true }) })
  await admin.register(adminPlugin, options)
  return admin
}

/** Health, for probes, and metrics: their listener is never the public one. */
export async function adminPlugin (app: FastifyInstance, { store, isDraining, notReadyBecause: elsewhere, metrics: { registry } }: AdminOptions): Promise<void> {
  app.get('/live', async () => ({ status: 'live' }))
  app.get('/startup', async () => ({ status: 'started' }))
  app.get('/ready', async (_request, reply) => {
    const reason = await notReadyBecause()
    return reason === null ? { status: 'ready' } : reply.code(503).header('retry-after', '2').send({ status: 'not ready', reason })
  })

  app.get('/metrics', async (_request, reply) => reply.header('content-type', registry.contentType).send(await registry.metrics()))

  async function notReadyBecause (): Promise<string | null> {
    if (isDraining()) return 'shutting down'
    try {
      await store.ping()
      return await elsewhere?.() ?? null
    } catch {
      return 'the session store does not answer'
    }
  }
}
