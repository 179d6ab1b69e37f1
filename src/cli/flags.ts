import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

/**
 * Reads the flags of a command. What is not understood goes to standard error, one line of what and one of what to do,
 * and null is answered: the command then ends with exit code 2.
 */
export function readFlags<T extends ParseArgsOptionsConfig> (command: string, argv: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(error.message.replace(/\. To specify a positional.*$/s, ''))
    console.error(`Run \`aihubmix-gateway ${command} --help\` to see what it understands.`)
    return null
  }
}
