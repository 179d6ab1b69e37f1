import { setTimeout as delay } from 'node:timers/promises'
import { createAdminServer } from '../admin/plugin.ts'
import { sessionAdminPlugin } from '../admin/sessions.ts'
import type { Config } from '../config/schema.ts'
import { createSessionAdministration } from '../session/administration.ts'
import { openStore } from '../session/open-store.ts'
import { createAggregatedMetrics } from '../telemetry/aggregated-metrics.ts'
import { createLog } from '../telemetry/log.ts'
import { adminSetting, listening } from './listening.ts'
import { stopSignal } from './stop-signal.ts'
import { createWorkers } from './workers.ts'

interface ServeOptions {
  readonly config: Config
  readonly warnings: readonly string[]
  readonly count: number
  readonly argv: readonly string[]
}

/** What a worker may take beyond its own limit to be gone. */
const goneWithinMs = 3_000

/** `serve` with several processes: one admin listener answers for all of them. Answers the exit code. */
export async function serveWithWorkers ({ config, warnings, count, argv }: ServeOptions): Promise<number> {
  const { log } = createLog(config.log.level)
  const { drain } = config.server
  for (const warning of warnings) log.warn(warning)
  const workers = createWorkers({ count, argv, log })
  const store = openStore(config, log)
  let isDraining = false
  const admin = await createAdminServer({
    store,
    isDraining: () => isDraining,
    notReadyBecause: () => workers.notReadyBecause(),
    metrics: { registry: createAggregatedMetrics() }
  }, log)
  // What is revoked is counted nowhere: the first process has no metrics of its own.
  if (config.admin.token !== null) await admin.register(sessionAdminPlugin, { administration: createSessionAdministration(store), token: config.admin.token, onRevoked () {} })
  const end = async (withinMs: number): Promise<void> => {
    await workers.close(withinMs)
    await Promise.all([admin.close(), store.close()])
  }

  const stopped = stopSignal()
  if (!await listening(admin, config.admin.listen, adminSetting) || !await workers.start()) {
    await end(0)
    return 1
  }
  process.on('SIGHUP', workers.reload)
  log.info({ publicUrl: config.server.publicUrl, redirectUri: config.aihubmix.redirectUri, workers: count }, 'ready; the redirect URI is to be registered at AIHubMix exactly so')
  await stopped
  isDraining = true
  workers.drain()
  log.info({ delayMs: drain.delay, timeoutMs: drain.timeout }, 'draining; another signal skips the delay')
  const isOver = new AbortController()
  await Promise.race([delay(drain.delay, undefined, isOver), stopSignal(isOver)])
  isOver.abort()
  await end(drain.timeout + goneWithinMs)
  process.off('SIGHUP', workers.reload)
  log.info('stopped')
  return 0
}
