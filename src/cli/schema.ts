import { jsonSchema } from '../config/outline.ts'
import { readFlags } from './flags.ts'

const help = `aihubmix-gateway schema

Prints the JSON Schema (draft 7) of the configuration file. An editor uses it when the file begins with
  # yaml-language-server: $schema=./schema.json

  --help   prints this`

/** `schema`: answers the exit code. */
export async function schemaCommand (argv: readonly string[]): Promise<number> {
  const flags = readFlags('schema', argv, { help: { type: 'boolean' } })
  if (flags === null) return 2
  console.log(flags.help === true ? help : JSON.stringify(jsonSchema, null, 2))
  return 0
}
