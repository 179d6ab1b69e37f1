import { availableParallelism } from 'node:os'
import { loadConfig, type ConfigInput } from '../config/load.ts'
import { ConfigProblems, problemLine } from '../config/problems.ts'
import type { Config } from '../config/schema.ts'
import { createReloadableGateway, type ReloadableGateway } from '../reloadable-gateway.ts'
import { openStore } from '../session/open-store.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { collectProcessMetrics } from '../telemetry/process-metrics.ts'
import { readFlags } from './flags.ts'
import { adminSetting, listening, publicSetting } from './listening.ts'
import { openTracing } from './open-tracing.ts'
import { reloadOnChange } from './reload.ts'
import { serveWithWorkers } from './serve-with-workers.ts'
import { heedStopSignals } from './stop-signal.ts'
import { stop } from './stopping.ts'
import { version } from './version.ts'

const help = `aihubmix-gateway serve [--config FILE]

Runs the gateway until SIGTERM or SIGINT. When a file it was configured with changes, and at SIGHUP, it reads the
configuration again: what is good takes effect without a restart, what is not is refused and logged.

  --config FILE   the configuration file; default: what GATEWAY_CONFIG names, else the environment alone
  --help          prints this`

/** `serve`: answers the exit code. */
export async function serveCommand (argv: readonly string[]): Promise<number> {
  const flags = readFlags('serve', argv, { config: { type: 'string' }, help: { type: 'boolean' } })
  if (flags === null) return 2
  if (flags.help === true) {
    console.log(help)
    return 0
  }
  try {
    return await serve({ file: flags.config }, argv)
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error
    for (const problem of error.problems) console.error(problemLine(problem))
    console.error('The gateway did not start. Correct the configuration; `aihubmix-gateway check` tells when it is good.')
    return 1
  }
}

async function serve (input: ConfigInput, argv: readonly string[]): Promise<number> {
  const loaded = await loadConfig(input)
  const { config, warnings } = loaded
  const count = workersOf(config)
  if (count > 1) return await serveWithWorkers({ config, warnings, count, argv })
  const gatewayLog = createLog(config.log.level)
  const { log } = gatewayLog
  for (const warning of warnings) log.warn(warning)
  const store = openStore(config, log)
  const metrics = createMetrics(version)
  collectProcessMetrics(metrics.registry)
  const tracing = await openTracing(log, metrics)
  const gateway = await createReloadableGateway({ config, store, log: gatewayLog, metrics, ...(tracing === null ? {} : { beginTrace: tracing.beginTrace }) })
  if (!await listen(gateway, config)) {
    await gateway.close(0)
    await store.close()
    return 1
  }
  const signals = heedStopSignals()
  const stopped = signals.next() // heard from here on: whoever reads `ready` may stop us at once
  const reloading = await reloadOnChange({ input, loaded, gateway, metrics, log })
  log.info({ publicUrl: config.server.publicUrl, redirectUri: config.aihubmix.redirectUri }, 'ready; the redirect URI is to be registered at AIHubMix exactly so')
  await stopped
  reloading.close()
  await stop({ signals, drain: config.server.drain, beginDrain: gateway.drain, close: gateway.close, log })
  await Promise.all([store.close(), tracing?.close()])
  return 0
}

/** False when an address cannot be had; said on standard error. */
async function listen ({ app, admin }: ReloadableGateway, config: Config): Promise<boolean> {
  return await listening(app, config.server.listen, publicSetting) && await listening(admin, config.admin.listen, adminSetting)
}

/** `auto`: one a core, as far as the container may use them. */
function workersOf ({ server: { workers } }: Config): number {
  return workers === 'auto' ? availableParallelism() : workers
}
