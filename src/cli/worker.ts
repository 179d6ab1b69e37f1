import { once } from 'node:events'
import { loadConfig } from '../config/load.ts'
import { createReloadableGateway, type ReloadableGateway } from '../reloadable-gateway.ts'
import { openStore } from '../session/open-store.ts'
import type { SessionStore } from '../session/store.ts'
import { shareMetrics } from '../telemetry/aggregated-metrics.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics, type GatewayMetrics } from '../telemetry/metrics.ts'
import { collectProcessMetrics } from '../telemetry/process-metrics.ts'
import { readFlags } from './flags.ts'
import { listening, publicSetting } from './listening.ts'
import { openTracing } from './open-tracing.ts'
import { reloadOnChange } from './reload.ts'
import { version } from './version.ts'
import { isOurs, type FromWorker, type ToWorker } from './worker-messages.ts'

/** One of the processes that `serve` starts with `server.workers`; it drains and stops when the first process says so, or is gone. */
export async function workerCommand (argv: readonly string[]): Promise<number> {
  const flags = readFlags('worker', argv, { config: { type: 'string' } })
  if (flags === null || process.send === undefined) return 2
  const input = { file: flags.config }
  const loaded = await loadConfig(input)
  const { config } = loaded
  const gatewayLog = createLog(config.log.level)
  const store = openStore(config, gatewayLog.log)
  const metrics = createMetrics(version)
  collectProcessMetrics(metrics.registry)
  const handOverMetrics = shareMetrics(metrics.registry)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {}) // a terminal signals every process; the first one decides
  const tracing = await openTracing(gatewayLog.log, metrics)
  const gateway = await createReloadableGateway({ config, store, log: gatewayLog, metrics, ...(tracing === null ? {} : { beginTrace: tracing.beginTrace }) })
  if (!await listening(gateway.app, config.server.listen, publicSetting)) {
    await gateway.close(0)
    await store.close()
    process.disconnect?.()
    return 1
  }
  const reloading = await reloadOnChange({ input, loaded, gateway, metrics, log: gatewayLog.log })
  const hurry = new AbortController()
  const told = follow({ gateway, store, metrics, hurry })
  say({ kind: 'listening' })
  await Promise.race([told, once(process, 'disconnect')])
  reloading.close()
  gateway.drain()
  await gateway.close(config.server.drain.timeout, hurry.signal)
  await Promise.all([store.close(), tracing?.close()])
  if (process.connected) await handOverMetrics().catch(() => {}) // what was counted here is not lost
  process.disconnect?.()
  return 0
}

interface Following {
  readonly gateway: ReloadableGateway
  readonly store: SessionStore
  readonly metrics: Pick<GatewayMetrics, 'sessionEnded'>
  readonly hurry: AbortController
}

/** Does what the first process says; resolves when it says to close. */
function follow ({ gateway, store, metrics, hurry }: Following): Promise<void> {
  return new Promise((resolve) => {
    const follows = (told: ToWorker): void => {
      switch (told.kind) {
        case 'drain': return gateway.drain()
        case 'close': return resolve()
        case 'cut': return hurry.abort()
        case 'revoked': return metrics.sessionEnded('revoked', told.count)
        case 'status': notReadyBecause(store).then((reason) => say({ kind: 'status', question: told.question, notReadyBecause: reason }), () => {})
      }
    }
    process.on('message', (message: unknown) => { if (isOurs(message)) follows(message as ToWorker) })
  })
}

async function notReadyBecause (store: SessionStore): Promise<string | null> {
  return await store.ping().then(() => null, () => 'the session store does not answer')
}

function say (message: FromWorker): void {
  if (process.connected) process.send?.(message)
}
