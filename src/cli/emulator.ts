import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { type Emulator, type EmulatorApp, isLoopback, startEmulator } from '../emulator/emulator.ts'
import { FaultRefused } from '../emulator/faults/stages.ts'
import { readFlags } from './flags.ts'
import { listenProblem } from './listen-problem.ts'

const help = `aihubmix-gateway emulator

AIHubMix on loopback, for development: sign-in with any password, no real account, no real money.

  --listen <address:port>   a loopback address, default 127.0.0.1:4182
  --preset <name>           how it behaves, default happy; a wrong name lists the others
  --help                    prints this`

const developerToken = 'developer-token'

interface Invocation { readonly host: string, readonly port: number, readonly preset: string }

/** Runs the emulator until SIGINT or SIGTERM. Resolves to the exit code: 2 when it was called wrongly, 1 when it cannot listen. */
export async function emulatorCommand (argv: readonly string[]): Promise<number> {
  const invocation = readInvocation(argv)
  if (typeof invocation === 'number') return invocation
  const app = defaultApp()
  try {
    const emulator = await startEmulator({ ...invocation, developerToken, apps: [app] })
    console.log(banner(emulator, app))
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    await emulator.close()
    return 0
  } catch (error) {
    return refused(error, error instanceof FaultRefused ? 2 : 1)
  }
}

/** What to start, or the exit code when there is nothing to start. */
function readInvocation (argv: readonly string[]): Invocation | number {
  const flags = readFlags('emulator', argv, { listen: { type: 'string' }, preset: { type: 'string' }, help: { type: 'boolean' } })
  if (flags === null) return 2
  if (flags.help === true) {
    console.log(help)
    return 0
  }
  try {
    return { ...readAddress(flags.listen ?? '127.0.0.1:4182'), preset: flags.preset ?? 'happy' }
  } catch (error) {
    return refused(error, 2)
  }
}

function readAddress (listen: string): { readonly host: string, readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(listen) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) > 65535) throw new RangeError(`--listen ${listen} is no address:port. Write it as 127.0.0.1:4182.`)
  if (!isLoopback(host)) throw new RangeError(`--listen ${listen} is refused: everyone can sign in to the emulator as anyone, so it listens on loopback only (127.0.0.1, [::1] or localhost).`)
  return { host, port: Number(port) }
}

function defaultApp (): EmulatorApp {
  return {
    clientId: 'client_demo',
    clientSecret: `secret_${randomBytes(24).toString('hex')}`,
    redirectUri: 'http://localhost:4180/oauth2/callback',
    name: 'Demo app'
  }
}

function banner ({ url, controlToken, users }: Emulator, app: EmulatorApp): string {
  return `AIHubMix emulator on ${url} (not AIHubMix; development only)

  client_id        ${app.clientId}
  client_secret    ${app.clientSecret}
  redirect_uri     ${app.redirectUri}
  developer token  ${developerToken}
  control token    ${controlToken}   (${url}/__emulator/state)

  users            ${users.all().map(({ username }) => JSON.stringify(username)).join(', ')}
  user centre      ${url}/user/authorizations
  console          ${url}/console/apps
  status           ${url}/status

  A gateway in front of your app uses it with

  export GATEWAY_SERVER_PUBLIC_URL=http://localhost:4180
  export GATEWAY_AIHUBMIX_CLIENT_ID=${app.clientId}
  export GATEWAY_AIHUBMIX_CLIENT_SECRET=${app.clientSecret}
  export GATEWAY_AIHUBMIX_BROWSER_URL=${url}
  export GATEWAY_AIHUBMIX_SERVER_URL=${url}
  export GATEWAY_UPSTREAM=http://127.0.0.1:3000

Stop it with Ctrl+C.`
}

function refused (error: unknown, exitCode: number): number {
  console.error(listenProblem(error, '--listen') ?? (error instanceof Error ? error.message : String(error)))
  return exitCode
}
