import type { Logger } from 'pino'
import { loadConfig, type ConfigInput, type LoadedConfig } from '../config/load.ts'
import { ConfigProblems, problemLine } from '../config/problems.ts'
import { needsRestart } from '../config/restart.ts'
import { watchFiles } from '../config/watch.ts'
import type { ReloadableGateway } from '../reloadable-gateway.ts'
import type { GatewayMetrics } from '../telemetry/metrics.ts'

interface ReloadingOptions {
  readonly input: ConfigInput
  /** As it was at start. */
  readonly loaded: LoadedConfig
  readonly gateway: Pick<ReloadableGateway, 'reload'>
  readonly metrics: Pick<GatewayMetrics, 'configRead'>
  readonly log: Logger
}

export interface Reloading {
  /** No reload begins any more. */
  close (): void
}

/** Reads the configuration again when one of its files changes, and at SIGHUP. One that is broken changes nothing. */
export async function reloadOnChange ({ input, loaded, gateway, metrics, log }: ReloadingOptions): Promise<Reloading> {
  let files = loaded.files
  let running: Promise<void> | null = null
  let isAskedAgain = false
  let isOver = false

  async function reload (): Promise<void> {
    try {
      const { config, warnings, files: named } = await loadConfig(input)
      const restart = needsRestart(loaded.config, config)
      await gateway.reload(config)
      files = named
      for (const warning of warnings) log.warn(warning)
      if (restart.length > 0) log.warn({ keys: restart }, 'these keys have changed and have no effect before the gateway is started again')
      metrics.configRead('success')
      log.info({ audit: 'config_reloaded' }, 'the configuration was read again and is in force')
    } catch (error) {
      metrics.configRead('refused')
      log.error(refusal(error), 'the new configuration is refused; the one before stays in force')
    }
    await watched.watch(files)
  }

  /** One at a time; what changes meanwhile is read afterwards. */
  function begin (): void {
    if (isOver) return
    if (running !== null) {
      isAskedAgain = true
      return
    }
    running = reload().finally(() => {
      running = null
      if (!isAskedAgain) return
      isAskedAgain = false
      begin()
    })
  }

  const watched = watchFiles(begin)
  await watched.watch(files)
  process.on('SIGHUP', begin) // for good: without a listener the signal would end a process that still has to finish what runs
  return {
    close () {
      isOver = true
      watched.close()
    }
  }
}

function refusal (error: unknown): object {
  return error instanceof ConfigProblems ? { problems: error.problems.map(problemLine) } : { err: error }
}
