import { open, rm } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { createApp } from '../aihubmix/app-registration.ts'
import type { CreatedApp } from '../aihubmix/wire.ts'
import { developerToken, readAppUrl, redirectUriProblem } from '../config/registration.ts'
import { GatewayError } from '../errors.ts'
import { readFlags } from './flags.ts'

const help = `aihubmix-gateway app create --name NAME --redirect-uri URI [--description TEXT] [--secret-file FILE]

Registers an OAuth app at AIHubMix and prints its client id.

  --name          what users read when they are asked for consent
  --redirect-uri  the exact callback: your public URL + /oauth2/callback
  --description   shown beside the name
  --secret-file   a new file (mode 0600) for the client secret; without it the secret is printed, once
  --help          prints this

The developer token comes from AIHUBMIX_DEVELOPER_TOKEN or standard input, never from an argument: arguments are seen by
everybody on the machine. GATEWAY_AIHUBMIX_APP_URL names another host than https://api.aihubmix.com.`

const flagTypes = {
  name: { type: 'string' },
  'redirect-uri': { type: 'string' },
  description: { type: 'string' },
  'secret-file': { type: 'string' },
  help: { type: 'boolean' }
} as const

/** `app create`: answers the exit code. */
export async function appCommand ([verb, ...argv]: readonly string[]): Promise<number> {
  if (verb === '--help' || verb === '-h') return print(help)
  if (verb !== 'create') return refuse('The command is `app create`.', 2)
  const flags = readFlags('app create', argv, flagTypes)
  if (flags === null) return 2
  if (flags.help === true) return print(help)
  const { name, 'redirect-uri': redirectUri } = flags
  if (name === undefined || redirectUri === undefined) return refuse('--name and --redirect-uri are needed.', 2)
  const problem = redirectUriProblem(redirectUri)
  if (problem !== null) return refuse(`--redirect-uri ${problem}.`, 2)
  return await create({ name, redirectUri, description: flags.description ?? '' }, flags['secret-file'])
}

async function create (app: Parameters<typeof createApp>[0], secretFile: string | undefined): Promise<number> {
  const token = developerToken() ?? (process.stdin.isTTY ? '' : (await text(process.stdin)).trim())
  if (/[^\x21-\x7e]/.test(token)) return refuse('The developer token holds a character that no token has. Copy it again.', 2)
  if (token === '') return refuse('There is no developer token: set AIHUBMIX_DEVELOPER_TOKEN or write it to standard input.', 2)
  const appUrl = readAppUrl()
  if (appUrl === null) return refuse('GATEWAY_AIHUBMIX_APP_URL must be an https origin, or http on loopback.', 2)
  // Opened before the app exists: a secret that cannot be written would be lost, and it is shown only once.
  const file = secretFile === undefined ? null : await open(secretFile, 'wx', 0o600).catch(() => undefined)
  if (file === undefined) return refuse(`${secretFile} cannot be made new: it may exist already and hold the secret of another app. Name a new file, in a folder you may write to.`, 1)
  try {
    const created = await createApp(app, { appUrl, developerToken: token, timeoutMs: 10_000 })
    await file?.writeFile(`${created.client_secret}\n`)
    return print(report(created, secretFile))
  } catch (error) {
    if (secretFile !== undefined) await rm(secretFile) // empty: nothing came that could be in it
    if (!(error instanceof GatewayError)) throw error
    return refuse(failure(error, appUrl), 1)
  } finally {
    await file?.close()
  }
}

function failure ({ code, message, cause }: GatewayError, appUrl: string): string {
  const why = cause instanceof Error ? innermost(cause).message : 'no reason given'
  if (code === 'provider_unavailable') return `${appUrl} does not answer (${why}). Check GATEWAY_AIHUBMIX_APP_URL and the network.`
  if (code === 'provider_refused') return `AIHubMix refused to register the app (${why}). Check the developer token and the redirect URI.`
  return `${message} (${why})`
}

function innermost (error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error
}

function report ({ client_id: clientId, client_secret: clientSecret }: CreatedApp, secretFile: string | undefined): string {
  return [
    `client id:     ${clientId}`,
    secretFile === undefined ? `client secret: ${clientSecret}   (shown this once; keep it out of every repository)` : `client secret: written to ${secretFile}`,
    '',
    'Next: GATEWAY_AIHUBMIX_CLIENT_ID and GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE, then `aihubmix-gateway check`.'
  ].join('\n')
}

function print (line: string): number {
  console.log(line)
  return 0
}

function refuse (what: string, exitCode: number): number {
  console.error(what)
  console.error('Run `aihubmix-gateway app create --help` to see what it needs.')
  return exitCode
}
