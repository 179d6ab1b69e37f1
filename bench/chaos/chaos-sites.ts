import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { freePort } from '../../test/rig/redis.ts'
import { app } from '../../test/rig/rig.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** One gateway as a process of its own, that can be killed and started again. */
export interface Replica {
  readonly url: string
  readonly outputFile: string
  /** Epoch ms of each SIGKILL. */
  readonly killedAt: readonly number[]
  isUp (): boolean
  kill (): Promise<void>
  start (): Promise<void>
}

interface ReplicaOptions {
  readonly name: string
  readonly folder: string
  readonly redis: Readonly<Record<string, unknown>>
  readonly browserUrl: string
  readonly serverUrl: string
  readonly upstream: string
  readonly sessionKey: string
}

export async function startReplica ({ name, folder, redis, browserUrl, serverUrl, upstream, sessionKey }: ReplicaOptions): Promise<Replica> {
  const [port, adminPort] = [await freePort(), await freePort()]
  const file = join(folder, `${name}.yaml`)
  const outputFile = join(folder, `${name}.txt`)
  await writeFile(file, JSON.stringify({
    server: { publicUrl: 'https://gw.test', listen: `127.0.0.1:${port}`, drain: { delay: '0s', timeout: '5s' } },
    admin: { listen: `127.0.0.1:${adminPort}` },
    aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, browserUrl, serverUrl, timeout: '3s', budget: { requests: 1_000_000, window: '1m' } },
    identity: { maxAge: '10s', maxStale: '10m' },
    session: { keys: [sessionKey], redis },
    routes: [{ upstream }],
    log: { level: 'debug' }
  }))
  const url = `http://127.0.0.1:${port}`
  const killedAt: number[] = []
  let child: ChildProcess | null = null

  const replica: Replica = {
    url,
    outputFile,
    killedAt,
    isUp: () => child !== null,
    async kill () {
      if (child === null) return
      const ending = child
      child = null
      killedAt.push(Date.now())
      ending.kill('SIGKILL')
      await once(ending, 'exit')
    },
    async start () {
      const output = openSync(outputFile, 'a')
      const started = spawn(process.execPath, [main, 'serve', '--config', file], { stdio: ['ignore', output, output], env: { PATH: process.env['PATH'] } })
      closeSync(output)
      started.once('exit', (code, signal) => { if (signal !== 'SIGKILL') console.error(`${name} ended by itself: ${code ?? signal}`) })
      await answering(`http://127.0.0.1:${adminPort}/live`)
      child = started
    }
  }
  await replica.start()
  return replica
}

async function answering (url: string, tries = 600): Promise<void> {
  try {
    const { body } = await request(url)
    await body.dump()
  } catch (error) {
    if (tries === 0) throw error
    await delay(50)
    await answering(url, tries - 1)
  }
}
