import { readFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import { convert, type Converted } from '../import-oauth2-proxy/convert.ts'
import { readSettings, UnreadableSettings } from '../import-oauth2-proxy/settings.ts'

const help = `aihubmix-gateway import oauth2-proxy FILE

Turns an oauth2-proxy configuration into one for this gateway, on standard output. FILE holds its cfg file (TOML), its environment
(OAUTH2_PROXY_NAME=value, one a line) or its flags (--name=value). What has no counterpart, and what you have to fill in, is listed at
the top of the output and on standard error: nothing is dropped in silence. Run \`aihubmix-gateway check\` on the result.

  --help   prints this`

/** `import oauth2-proxy FILE`: answers the exit code. */
export async function importCommand (argv: readonly string[]): Promise<number> {
  const [what, file, ...rest] = argv
  if (what === '--help' || file === '--help') return print(help)
  if (what !== 'oauth2-proxy' || file === undefined || rest.length > 0) {
    console.error('What can be imported is: import oauth2-proxy FILE')
    console.error('Run `aihubmix-gateway import --help` to see what it understands.')
    return 2
  }
  try {
    const converted = convert(readSettings(await readFile(file, 'utf8')))
    for (const { setting, text } of converted.notes) console.error(`${setting}: ${text}`)
    return print(written(converted))
  } catch (error) {
    const problem = problemOf(error)
    if (problem === null) throw error
    console.error(`${file}: ${problem}`)
    console.error('Correct it and run the import again; nothing was written.')
    return 1
  }
}

function problemOf (error: unknown): string | null {
  if (error instanceof UnreadableSettings) return error.message
  return error instanceof Error && 'code' in error ? `cannot be read (${String(error.code)})` : null
}

/** The notes as comments above the configuration, so that they are found where they matter. */
function written ({ config, notes }: Converted): string {
  const comments = notes.map(({ setting, text }) => `#   ${setting}: ${text}`)
  return ['# Made from an oauth2-proxy configuration. Settings without a counterpart, and what is left to do:', ...comments, '', stringify(config)].join('\n').trimEnd()
}

function print (text: string): number {
  console.log(text)
  return 0
}
