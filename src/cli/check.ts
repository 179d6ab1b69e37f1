import { describe } from '../config/describe.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigProblems, problemLine } from '../config/problems.ts'
import { readFlags } from './flags.ts'

const help = `aihubmix-gateway check [--config FILE]

Validates the configuration and lists every problem with its place and the nearest known name.
Prints the configuration in force as YAML, with secrets masked, when there is none.

  --config FILE   the configuration file; default: what GATEWAY_CONFIG names, else the environment alone
  --help          prints this

Exit code 0: it can be used. 1: it cannot. 2: the command itself was not understood.`

const flagTypes = { config: { type: 'string' }, online: { type: 'boolean' }, help: { type: 'boolean' } } as const

/** `check`: answers the exit code. */
export async function checkCommand (argv: readonly string[]): Promise<number> {
  const flags = readFlags('check', argv, flagTypes)
  if (flags === null) return 2
  if (flags.help === true) return print(help)
  if (flags.online === true) return refuseOnline()
  return await check(flags.config)
}

async function check (file: string | undefined): Promise<number> {
  try {
    const loaded = await loadConfig({ file })
    for (const warning of loaded.warnings) console.error(`warning: ${warning}`)
    print(describe(loaded).trimEnd())
    console.error('The configuration is good.')
    return 0
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error
    return report(error)
  }
}

function report ({ problems }: ConfigProblems): number {
  for (const problem of problems) console.error(problemLine(problem))
  console.error(problems.length === 1 ? '1 problem. Correct it and run the check again.' : `${problems.length} problems. Correct them and run the check again.`)
  return 1
}

function refuseOnline (): number {
  console.error('check --online is not built yet in this version.')
  console.error('Run it without --online: that validates the configuration without reaching anything.')
  return 2
}

function print (text: string): number {
  console.log(text)
  return 0
}
