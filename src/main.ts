#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// V8 takes objects of each request for long-lived ones once ioredis is in use; what hangs on them then outlives its request: scavenges of 17 ms (docs/decisions/0059).
setFlagsFromString('--no-allocation-site-pretenuring')

type Command = (argv: readonly string[]) => Promise<number>

/** Each command is loaded only when it is asked for: `serve` starts faster so. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./cli/serve.ts')).serveCommand,
  worker: async () => (await import('./cli/worker.ts')).workerCommand, // what `serve` starts several of; not for people
  check: async () => (await import('./cli/check.ts')).checkCommand,
  schema: async () => (await import('./cli/schema.ts')).schemaCommand,
  keygen: async () => (await import('./cli/keygen.ts')).keygenCommand,
  app: async () => (await import('./cli/app.ts')).appCommand,
  sessions: async () => (await import('./cli/sessions.ts')).sessionsCommand,
  import: async () => (await import('./cli/import-oauth2-proxy.ts')).importCommand,
  emulator: async () => (await import('./cli/emulator.ts')).emulatorCommand,
  demo: async () => (await import('./cli/demo.ts')).demoCommand
}

const help = `aihubmix-gateway [COMMAND] [OPTIONS]

An OAuth gateway in front of any app: signs users in through AIHubMix and tells the app who they are.

  serve        runs the gateway (the default)
  check        validates the configuration and prints it with secrets masked
  schema       prints the JSON Schema of the configuration file
  keygen       prints one new session key
  app create   registers an OAuth app at AIHubMix
  sessions     lists and ends the sessions of a user, or of everybody
  import oauth2-proxy FILE
               turns an oauth2-proxy configuration into one for this gateway
  emulator     AIHubMix on loopback, to develop and test against
  demo         emulator, sample app and gateway together, to look at

  --help       prints this; after a command, that command's own
  --version    prints the version

Exit code 0: good. 1: failed. 2: the command was not understood.`

const oldestNode = [22, 18] as const

/** Older ones lack what the gateway is built on, and would fail in the middle. */
function nodeProblem (): string | null {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return null
  return `aihubmix-gateway needs Node ${oldestNode.join('.')} or newer; this is Node ${process.versions.node}.\nInstall a newer one and run it again.`
}

async function main (argv: readonly string[]): Promise<number> {
  const problem = nodeProblem()
  if (problem !== null) {
    console.error(problem)
    return 1
  }
  const [first = 'serve', ...rest] = argv
  if (['--help', '-h', 'help'].includes(first)) return print(help)
  if (first === '--version') return print((await import('./cli/version.ts')).version)
  // `aihubmix-gateway --config FILE` is `serve --config FILE`
  const [name, args] = first.startsWith('-') ? ['serve', argv] : [first, rest]
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (load === undefined) return await refuse(name)
  return await (await load())(args)
}

function print (text: string): number {
  console.log(text)
  return 0
}

async function refuse (name: string): Promise<number> {
  console.error(`There is no command "${name}".`)
  const near = (await import('./config/nearest.ts')).nearest(name, Object.keys(commands))
  console.error(near === null ? 'Run `aihubmix-gateway --help` to see the commands.' : `Did you mean ${near}? \`aihubmix-gateway --help\` lists the commands.`)
  return 2
}

process.exitCode = await main(process.argv.slice(2))
