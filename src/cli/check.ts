import { describe } from '../config/describe.ts'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import { ConfigProblems, problemLine } from '../config/problems.ts'
import { explain, readExplained } from './explain.ts'
import { readFlags } from './flags.ts'
import type { Finding } from './online-aihubmix.ts'
import { onlineFindings } from './online.ts'

const help = `aihubmix-gateway check [--config FILE] [--online] [--quiet] [--explain REQUEST [--user USER]]

Validates the configuration and lists every problem with its place and the nearest known name.
Says so when there is none, and then prints the configuration in force: every key, as YAML, with secrets masked.

  --config FILE   the configuration file; default: what GATEWAY_CONFIG names, else the environment alone
  --online        also reaches Redis, AIHubMix (without credentials), each app and the public address, and says what is wrong
  --quiet         the verdict alone, without the configuration in force
  --explain       a method and an address, such as 'GET https://app.example.com/x': says which route and which rule would decide
  --user          who asks, such as id:12345,username:ada,email:ada@example.com,balance:0.50; without it nobody is signed in
  --help          prints this

Exit code 0: it can be used. 1: it cannot. 2: the command itself was not understood.`

const flagTypes = { config: { type: 'string' }, online: { type: 'boolean' }, quiet: { type: 'boolean' }, explain: { type: 'string' }, user: { type: 'string' }, help: { type: 'boolean' } } as const

/** `check`: answers the exit code. */
export async function checkCommand (argv: readonly string[]): Promise<number> {
  const flags = readFlags('check', argv, flagTypes)
  if (flags === null) return 2
  if (flags.help === true) return print(help)
  if (flags.explain === undefined) return flags.user === undefined ? await checked(flags.config, (loaded) => judge(loaded, flags)) : refuseForm()
  const asked = readExplained(flags.explain, flags.user)
  return asked === null ? refuseForm(flags.explain, flags.user) : await checked(flags.config, (loaded) => print(explain(loaded, asked)))
}

async function checked (file: string | undefined, act: (loaded: LoadedConfig) => number | Promise<number>): Promise<number> {
  try {
    const loaded = await loadConfig({ file })
    for (const warning of loaded.warnings) console.error(`warning: ${warning}`)
    return await act(loaded)
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error
    return report(error)
  }
}

/** The verdict stands before a hundred lines of configuration; where something is wrong there are none of them. */
async function judge (loaded: LoadedConfig, { online, quiet }: { readonly online?: boolean | undefined, readonly quiet?: boolean | undefined }): Promise<number> {
  console.error('The configuration is good.')
  const exitCode = online === true ? reportOnline(await onlineFindings(loaded.config)) : 0
  if (exitCode === 0 && quiet !== true) print(`# In force, secrets masked:\n${describe(loaded).trimEnd()}`)
  return exitCode
}

function report ({ problems }: ConfigProblems): number {
  for (const problem of problems) console.error(problemLine(problem))
  console.error(problems.length === 1 ? '1 problem. Correct it and run the check again.' : `${problems.length} problems. Correct them and run the check again.`)
  return 1
}

function reportOnline (findings: readonly Finding[]): number {
  const wrong = findings.filter(({ problem }) => problem !== null)
  for (const { about, problem } of findings) console.error(problem === null ? `ok     ${about}` : `wrong  ${about}\n       ${problem}`)
  console.error(wrong.length === 0 ? 'Everything was reached.' : `${wrong.length} of ${findings.length} are wrong.`)
  return wrong.length === 0 ? 0 : 1
}

/** Says which of the two is not understood: one of them often is. */
function refuseForm (request?: string, user?: string): number {
  if (request === undefined) console.error('--user says who asks, and --explain what is asked: the second is missing.')
  else if (readExplained(request, undefined) === null) console.error(`--explain '${request}' is not understood: it needs a method in capitals, a space and a whole address.`)
  else console.error(`--user '${user}' is not understood: it needs names and values, of id, username, email and balance.`)
  console.error('Write --explain \'GET https://app.example.com/x\', and --user id:12345,username:ada,email:ada@example.com,balance:0.50 as far as you like.')
  return 2
}

function print (text: string): number {
  console.log(text)
  return 0
}
