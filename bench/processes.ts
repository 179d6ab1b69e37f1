import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'

export const proxyCore = 0
export const supportCore = 1

const started = new Set<ChildProcess>()
let isOver = false

interface Launch {
  /** One core, or several as taskset writes them. */
  readonly core: number | string
  readonly command: string
  readonly args: readonly string[]
  /** Receives standard output and error. */
  readonly outputFile: string
  /** Added to the environment; nothing of this project's settings is inherited. */
  readonly env?: Readonly<Record<string, string>>
}

/** A process tied to its core or cores. */
export function launch ({ core, command, args, outputFile, env = {} }: Launch): ChildProcess {
  if (isOver) throw new Error('interrupted')
  const output = openSync(outputFile, 'a')
  const inherited = Object.entries(process.env).filter(([name]) => !/^(GATEWAY|OAUTH2_PROXY)_/.test(name))
  const child = spawn('taskset', ['-c', String(core), command, ...args], { stdio: ['ignore', output, output], env: { ...Object.fromEntries(inherited), ...env } })
  closeSync(output)
  started.add(child)
  child.once('exit', () => started.delete(child))
  return child
}

/** Ends the process as an operator would, and by force when that takes too long. */
export async function end (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(timer)
}

/** Ends whatever runs; nothing is started after it. */
export async function endAll (): Promise<void> {
  isOver = true
  await Promise.all(Array.from(started, end))
}

/** Resolves when the address answers with a status below 500. Rejects when the process ends, or after 20 s. */
export async function answers (url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 20_000
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode ?? child.signalCode}`)
    const status = await request(url).then(({ statusCode, body }) => body.dump().then(() => statusCode), () => 0)
    if (status > 0 && status < 500) return
    await delay(5)
  }
  throw new Error(`${url} does not answer`)
}
