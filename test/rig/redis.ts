import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'

/** A real redis-server on loopback, of this test alone. */
export interface TestRedis {
  readonly url: string
  readonly port: number
  /** A client of the test's own. */
  readonly client: Redis
  /** How often a command was called since the server started. */
  calls (command: string): Promise<number>
  /** Ends the server; its data is kept for `start`. */
  stop (): Promise<void>
  start (): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  pause (): void
  resume (): void
  close (): Promise<void>
}

export async function startRedis (): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-redis-'))
  const port = await freePort()
  let server: ChildProcess = await launch(folder, port)
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50 })
  client.on('error', () => {})

  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    client,
    async calls (command) {
      const { groups } = new RegExp(`^cmdstat_${command}:calls=(?<calls>\\d+)`, 'm').exec(await client.info('commandstats')) ?? {}
      return Number(groups?.['calls'] ?? 0)
    },
    async stop () {
      server.kill('SIGTERM')
      await once(server, 'exit')
    },
    async start () { server = await launch(folder, port) },
    pause () { server.kill('SIGSTOP') },
    resume () { server.kill('SIGCONT') },
    async close () {
      client.disconnect()
      if (server.exitCode === null && server.signalCode === null) {
        server.kill('SIGKILL')
        await once(server, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** Another server can be tried: `REDIS_SERVER=/path/to/valkey-server`, words separated by spaces. */
export const [redisServer = 'redis-server', ...redisArguments] = (process.env['REDIS_SERVER'] ?? 'redis-server').split(' ')

async function launch (folder: string, port: number): Promise<ChildProcess> {
  const server = spawn(redisServer, [...redisArguments, '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes', '--appendfsync', 'no', '--dir', folder], { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  for await (const chunk of server.stdout) {
    output += chunk
    if (output.includes('Ready to accept connections')) break
  }
  server.stdout.destroy()
  if (!output.includes('Ready to accept connections')) throw new Error(`redis-server did not start: ${output}`)
  return server
}

/**
 * A port for a server that is started, ended and started again. It lies below those the
 * system gives out by itself: neither a test's outgoing connection nor a server of
 * another test file takes it between its two lives.
 */
export async function freePort (): Promise<number> {
  const port = randomInt(12_000, 32_000)
  const server = createServer()
  const isFree = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
  })
  if (!await isFree) return freePort()
  server.close()
  await once(server, 'close')
  return port
}
