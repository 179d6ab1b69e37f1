import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The program itself, in a process of its own. */
export interface TestProcess {
  readonly child: ChildProcess
  /** Resolves with the match once the output (both streams) has it; rejects when the process ends before. */
  saying (pattern: RegExp): Promise<RegExpExecArray>
  output (): string
  /** Sends the signal and resolves with the exit code. */
  end (signal?: NodeJS.Signals): Promise<number | null>
}

export function startProcess (argv: readonly string[], env: Readonly<Record<string, string>> = {}): TestProcess {
  const child = spawn(process.execPath, [main, ...argv], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  const exited = once(child, 'exit')
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text })

  return {
    child,
    output: () => output,
    async saying (pattern) {
      for (;;) {
        const match = pattern.exec(output)
        if (match !== null) return match
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before saying ${pattern}: ${output}`)
        await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), exited])
      }
    },
    async end (signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal)
        await exited
      }
      return child.exitCode
    }
  }
}
