import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { startEmulator, type Emulator } from '../../src/emulator/emulator.ts'
import { createBrowser, publicUrl, type TestBrowser } from './browser.ts'
import { freePort } from './redis.ts'
import { app, sessionKey } from './rig.ts'
import { startUpstream, type TestUpstream } from './upstream.ts'
import { until } from './until.ts'

const fileAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The gateway as a process of its own, with a clock the test moves. */
export interface ReplicaProcess {
  readonly url: string
  /** Everything it wrote. */
  output (): string
  kill (): Promise<void>
  start (): Promise<void>
  /** How far its clock runs ahead of the system's. */
  setAhead (ms: number): Promise<void>
}

export interface ReplicaProcesses {
  readonly replicas: readonly ReplicaProcess[]
  readonly emulator: Emulator
  readonly upstream: TestUpstream
  newBrowser (): TestBrowser
  /** Time passes for AIHubMix and for every replica, whatever its own skew. */
  advance (ms: number): Promise<void>
}

interface Options {
  readonly redis: Readonly<Record<string, unknown>>
  readonly replicas?: number
  /** How far each replica's clock is off. */
  readonly skewsMs?: readonly number[]
  /** aihubmix.timeout; a refresh may take three times as long. */
  readonly timeout?: string
  readonly identity?: { readonly maxAge: string, readonly maxStale: string }
}

/** What AIHubMix is asked for is tokens: the identity may grow as old as it likes. */
const oldIdentitiesServe = { maxAge: '40h', maxStale: '60h' }

/** Replicas as processes before one AIHubMix with reuse detection; all ended with the test. */
export async function startReplicaProcesses (t: { after (undo: () => unknown): void }, { redis, replicas: count = 3, skewsMs = [], timeout = '10s', identity = oldIdentitiesServe }: Options): Promise<ReplicaProcesses> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-replicas-'))
  const upstream = await startUpstream()
  const emulator = await startEmulator({ apps: [app], preset: 'rotation-reuse' })
  t.after(() => rm(folder, { recursive: true }))
  t.after(() => Promise.all([upstream.close(), emulator.close()]))
  let passedMs = 0

  const startOne = async (number: number): Promise<ReplicaProcess> => {
    const [port, adminPort] = [await freePort(), await freePort()]
    const file = join(folder, `${number}.yaml`)
    await writeFile(file, JSON.stringify({
      server: { publicUrl, listen: `127.0.0.1:${port}` },
      admin: { listen: `127.0.0.1:${adminPort}` },
      aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, browserUrl: emulator.url, serverUrl: emulator.url, timeout },
      identity,
      session: { keys: [sessionKey], redis },
      routes: [{ path: '/', upstream: upstream.url }, { path: '/public', upstream: upstream.url, access: 'anyone' }],
      log: { level: 'debug' }
    }))
    let child: ChildProcess | null = null
    let output = ''
    const move = async (ms: number): Promise<void> => {
      if (child === null) return
      if (child.exitCode !== null) throw new Error(`the replica ended by itself:\n${output}`)
      const moved = once(child, 'message')
      child.send({ aheadMs: ms })
      await moved
    }
    const replica: ReplicaProcess = {
      url: `http://127.0.0.1:${port}`,
      output: () => output,
      async kill () {
        const ending = child
        child = null
        if (ending === null) return
        ending.kill('SIGKILL')
        await once(ending, 'exit')
      },
      async start () {
        const started = spawn(process.execPath, ['--import', fileAt('./moved-clock.ts'), fileAt('../../src/main.ts'), 'serve', '--config', file], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { PATH: process.env['PATH'] } })
        for (const stream of [started.stdout, started.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => { output += text })
        child = started
        await until(async () => { await (await request(`http://127.0.0.1:${adminPort}/live`)).body.dump(); return true }, 30_000)
        await move(passedMs + (skewsMs[number] ?? 0))
      },
      setAhead: move
    }
    await replica.start()
    t.after(() => replica.kill())
    return replica
  }

  const replicas = await Promise.all(Array.from({ length: count }, (_value, number) => startOne(number)))
  return {
    replicas,
    emulator,
    upstream,
    newBrowser: () => createBrowser(replicas[0]?.url ?? ''),
    async advance (ms) {
      passedMs += ms
      emulator.clock.advance(ms)
      await Promise.all(replicas.map((replica, number) => replica.setAhead(passedMs + (skewsMs[number] ?? 0))))
    }
  }
}
