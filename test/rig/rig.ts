import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { startEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/emulator.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { openStore } from '../../src/session/open-store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createBrowser, publicUrl, type TestBrowser } from './browser.ts'
import { createAuthority } from './certificates.ts'
import { transport } from './transport.ts'
import { startUpstream, type Answer, type TestUpstream } from './upstream.ts'

interface Teardown { after (undo: () => unknown): void }

export interface RigOptions {
  /** Merged over the rig's configuration, section by section. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly emulator?: EmulatorOptions
  /** How the app answers; echoes what it saw unless given. */
  readonly upstream?: Answer
  readonly replicas?: number
  readonly redisUrl?: string
  /** See GatewayOptions. */
  readonly watchEveryMs?: number
}

export interface RunningGateway {
  readonly gateway: Gateway
  readonly url: string
  readonly port: number
  readonly adminUrl: string
}

/** Browser side, gateway, app and AIHubMix, all real and on loopback; one clock for gateway and AIHubMix. */
export interface Rig extends RunningGateway {
  readonly replicas: readonly RunningGateway[]
  readonly upstream: TestUpstream
  readonly emulator: Emulator
  /** Everything the gateway logged, at level trace. */
  readonly logged: () => string
  newBrowser (): TestBrowser
}

export const app = { clientId: 'client_rig', clientSecret: 'secret_of_the_rig_client', name: 'Rig', redirectUri: `${publicUrl}/oauth2/callback` }
export const sessionKey = Buffer.alloc(32, 7).toString('base64')

/** Everything is ended with the test. */
export async function startRig (t: Teardown, options: RigOptions = {}): Promise<Rig> {
  const upstream = await startUpstream(options.upstream)
  const emulator = await startEmulator({ apps: [app], ...options.emulator })
  const lines: string[] = []
  const log = createLog('trace', { write: (line) => { lines.push(line) } })
  const { config } = await configFor(options, upstream, emulator)

  const start = async (): Promise<RunningGateway> => {
    const store = openStore(config, log.log)
    const gateway = await createGateway({ config, store, log, metrics: createMetrics('0.0.0-test'), now: emulator.clock.trueNow, ...(options.watchEveryMs === undefined ? {} : { watchEveryMs: options.watchEveryMs }) })
    const listening = await gateway.app.listen({ host: '127.0.0.1', port: 0 })
    const url = config.server.tls === null ? listening : listening.replace('http:', 'https:')
    const adminUrl = await gateway.admin.listen({ host: '127.0.0.1', port: 0 })
    t.after(async () => {
      await gateway.close(0)
      await store.close()
    })
    return { gateway, url, port: Number(new URL(url).port), adminUrl }
  }

  const first = await start()
  const replicas = [first]
  while (replicas.length < (options.replicas ?? 1)) replicas.push(await start())
  t.after(() => upstream.close())
  t.after(() => emulator.close())
  return { ...first, replicas, upstream, emulator, logged: () => lines.join(''), newBrowser: () => createBrowser(first.url) }
}

async function configFor ({ config = {}, redisUrl }: RigOptions, upstream: TestUpstream, emulator: Emulator) {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-rig-'))
  const file = join(folder, 'config.yaml')
  await writeFile(file, JSON.stringify(merged({
    server: { publicUrl, ...(transport.isHttp2 ? { tls: createAuthority().issue('DNS:gw.test', 'IP:127.0.0.1') } : {}) },
    aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, browserUrl: emulator.url, serverUrl: emulator.url, appUrl: emulator.url },
    session: { keys: [sessionKey], ...(redisUrl === undefined ? {} : { redis: { url: redisUrl } }) },
    routes: [
      { path: '/', upstream: upstream.url },
      { path: '/public', upstream: upstream.url, access: 'anyone' }
    ]
  }, config)))
  try {
    return await loadConfig({ file, env: {} })
  } finally {
    await rm(folder, { recursive: true })
  }
}

function merged (base: Readonly<Record<string, unknown>>, over: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const existing = base[key]
    result[key] = isSection(existing) && isSection(value) ? { ...existing, ...value } : value
  }
  return result
}

function isSection (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
