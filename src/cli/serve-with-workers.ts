import { createAdminServer } from '../admin/plugin.ts'
import { sessionAdminPlugin } from '../admin/sessions.ts'
import type { Config } from '../config/schema.ts'
import { createSessionAdministration } from '../session/administration.ts'
import { openStore } from '../session/open-store.ts'
import { createAggregatedMetrics } from '../telemetry/aggregated-metrics.ts'
import { createLog } from '../telemetry/log.ts'
import { adminSetting, listening } from './listening.ts'
import { heedStopSignals } from './stop-signal.ts'
import { stop } from './stopping.ts'
import { createWorkers } from './workers.ts'

interface ServeOptions {
  readonly config: Config
  readonly warnings: readonly string[]
  readonly count: number
  readonly argv: readonly string[]
}

/** `serve` with several processes: one admin listener answers for all of them. Answers the exit code. */
export async function serveWithWorkers ({ config, warnings, count, argv }: ServeOptions): Promise<number> {
  const { log } = createLog(config.log.level)
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
  if (config.admin.token !== null) await admin.register(sessionAdminPlugin, { administration: createSessionAdministration(store), token: config.admin.token, onRevoked: workers.countRevoked })
  const close = async (withinMs: number, hurry?: AbortSignal): Promise<void> => {
    await workers.close(withinMs, hurry)
    await Promise.all([admin.close(), store.close()])
  }

  const signals = heedStopSignals()
  const stopped = signals.next()
  if (!await listening(admin, config.admin.listen, adminSetting) || !await workers.start()) {
    await close(0)
    return 1
  }
  process.on('SIGHUP', workers.reload)
  log.info({ publicUrl: config.server.publicUrl, redirectUri: config.aihubmix.redirectUri, workers: count }, 'ready; the redirect URI is to be registered at AIHubMix exactly so')
  await stopped
  const beginDrain = (): void => {
    isDraining = true
    workers.drain()
  }
  await stop({ signals, drain: config.server.drain, beginDrain, close, log })
  process.off('SIGHUP', workers.reload)
  return 0
}
