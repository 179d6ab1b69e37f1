import { loadConfig } from '../config/load.ts'
import { startSampleApp } from '../demo/sample-app.ts'
import { startEmulator } from '../emulator/emulator.ts'
import { createGateway } from '../gateway.ts'
import { openStore } from '../session/open-store.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { readFlags } from './flags.ts'
import { listenProblem } from './listen-problem.ts'
import { stopSignal } from './stop-signal.ts'
import { version } from './version.ts'

const help = `aihubmix-gateway demo [--port 4180] [--verbose]

An emulator of AIHubMix, a small sample app and the gateway between them, all on loopback. Ctrl-C ends all of it.

  --port      where the gateway listens
  --verbose   prints the gateway's log
  --help      prints this`

const app = { clientId: 'client_demo', clientSecret: 'secret_demo', name: 'Sample app' }

/** `demo`: answers the exit code. */
export async function demoCommand (argv: readonly string[]): Promise<number> {
  const flags = readFlags('demo', argv, { port: { type: 'string' }, verbose: { type: 'boolean' }, help: { type: 'boolean' } })
  if (flags === null) return 2
  if (flags.help === true) {
    console.log(help)
    return 0
  }
  const port = Number(flags.port ?? '4180')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error(`--port ${flags.port} is no port.\nName a number from 0 to 65535; 0 takes any that is free.`)
    return 2
  }
  return await run(port, flags.verbose === true)
}

async function run (port: number, isVerbose: boolean): Promise<number> {
  const stopped = stopSignal()
  const sampleApp = await startSampleApp({ host: '127.0.0.1', port: 0 })
  const emulator = await startEmulator()
  const gateway = await startGateway(port, { upstream: sampleApp.url, aihubmix: emulator.url, isVerbose }).catch(portInUse)
  if (gateway === null) {
    console.error(`The gateway cannot listen on port ${port}; another program may be there.\nTry \`npm run demo -- --port 0\`, which takes a free one.`)
  } else {
    emulator.registerApp({ ...app, redirectUri: `${gateway.url}/oauth2/callback` })
    console.log(banner(gateway.url, emulator.url))
    await stopped
    await gateway.close()
  }
  await Promise.all([emulator.close(), sampleApp.close()])
  return gateway === null ? 1 : 0
}

function portInUse (error: unknown): null {
  if (listenProblem(error, '--port') !== null) return null
  throw error
}

interface Surroundings {
  readonly upstream: string
  readonly aihubmix: string
  readonly isVerbose: boolean
}

async function startGateway (port: number, { upstream, aihubmix, isVerbose }: Surroundings): Promise<{ readonly url: string, close (): Promise<void> }> {
  const freePort = port === 0 ? await findFreePort() : port
  const url = `http://localhost:${freePort}`
  const { config } = await loadConfig({
    env: {
      GATEWAY_SERVER_PUBLIC_URL: url,
      GATEWAY_AIHUBMIX_CLIENT_ID: app.clientId,
      GATEWAY_AIHUBMIX_CLIENT_SECRET: app.clientSecret,
      GATEWAY_AIHUBMIX_BROWSER_URL: aihubmix,
      GATEWAY_AIHUBMIX_SERVER_URL: aihubmix,
      GATEWAY_IDENTITY_MAX_AGE: '5s',
      GATEWAY_UPSTREAM: upstream
    }
  })
  const log = createLog(isVerbose ? 'info' : 'silent')
  const gateway = await createGateway({ config, store: openStore(config, log.log), log, metrics: createMetrics(version) })
  await gateway.app.listen({ host: 'localhost', port: freePort })
  return { url, close: () => gateway.close(0) }
}

async function findFreePort (): Promise<number> {
  const probe = await startSampleApp({ host: 'localhost', port: 0 })
  await probe.close()
  return Number(new URL(probe.url).port)
}

function banner (url: string, emulatorUrl: string): string {
  return `
  aihubmix-gateway demo

    Open       ${url}/reports/42?from=demo
    Sign in    as user123 (balance 750.00), poor (0.02), debt (-0.01), 张三丰 and others
    AIHubMix   an emulator at ${emulatorUrl}; its user centre is ${emulatorUrl}/user/authorizations

  Sessions live in memory and nothing leaves this machine. Ctrl-C ends all of it.
`
}
