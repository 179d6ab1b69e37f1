import { randomBytes } from 'node:crypto'
import { readFlags } from './flags.ts'

const help = `aihubmix-gateway keygen

Prints one new session key: 32 random bytes in base64, for session.keys or a file that session.keysFile names.
To rotate, put the new key first and keep the old one for as long as session.maxAge.

  --help   prints this`

/** `keygen`: answers the exit code. */
export async function keygenCommand (argv: readonly string[]): Promise<number> {
  const flags = readFlags('keygen', argv, { help: { type: 'boolean' } })
  if (flags === null) return 2
  console.log(flags.help === true ? help : randomBytes(32).toString('base64'))
  return 0
}
