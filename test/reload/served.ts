import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { startEmulator, type Emulator } from '../../src/emulator/emulator.ts'
import { createBrowser, publicUrl, type TestBrowser } from '../rig/browser.ts'
import { startProcess, type TestProcess } from '../rig/process.ts'
import { freePort } from '../rig/redis.ts'
import { app, sessionKey } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { startUpstream, type Answer, type TestUpstream } from '../rig/upstream.ts'
import { scrape, type Scrape } from '../telemetry/scrape.ts'

interface Teardown { after (undo: () => unknown): void }

/** The program itself, serving from a configuration file that a test rewrites. */
export interface Served {
  readonly process: TestProcess
  readonly url: string
  readonly port: number
  readonly adminUrl: string
  readonly folder: string
  readonly configFile: string
  readonly upstream: TestUpstream
  readonly emulator: Emulator
  newBrowser (): TestBrowser
  /** The text of a configuration: the base with these sections laid over. */
  configText (over?: Readonly<Record<string, object>>): string
  /** Writes the configuration in place. */
  configure (over: Readonly<Record<string, object>>): Promise<void>
  metrics (): Promise<Scrape>
  /** Resolves when so many configurations were read since the start, with this outcome. */
  reloaded (times: number, outcome?: 'success' | 'refused'): Promise<void>
}

interface ServedOptions {
  /** The routes of the base, instead of the usual two. */
  readonly routes?: (upstream: string) => readonly object[]
  /** What the program says when it is up; at a quiet level it says nothing, and `/ready` is asked. */
  readonly isQuiet?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly over?: Readonly<Record<string, object>>
  readonly upstream?: Answer
  /** Puts the first configuration where the program is to read it; answers the path. */
  readonly place?: (folder: string, text: string) => Promise<string>
}

const inPlace = async (folder: string, text: string): Promise<string> => {
  const file = join(folder, 'gateway.yaml')
  await writeFile(file, text)
  return file
}

const usualRoutes = (upstream: string): readonly object[] => [{ path: '/', upstream }, { path: '/public', upstream, access: 'anyone' }]

export async function startServed (t: Teardown, { env = {}, over = {}, upstream: answer, place = inPlace, isQuiet = false, routes = usualRoutes }: ServedOptions = {}): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-served-'))
  const [upstream, emulator, port, adminPort] = await Promise.all([startUpstream(answer), startEmulator({ apps: [app] }), freePort(), freePort()])
  const base: Readonly<Record<string, object>> = {
    server: { listen: `127.0.0.1:${port}`, publicUrl, drain: { delay: '0s', timeout: '10s' } },
    admin: { listen: `127.0.0.1:${adminPort}` },
    aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, browserUrl: emulator.url, serverUrl: emulator.url, appUrl: emulator.url },
    session: { keys: [sessionKey] },
    routes: [...routes(upstream.url)]
  }
  const configText = (over: Readonly<Record<string, object>> = {}): string => JSON.stringify({
    ...base,
    ...Object.fromEntries(
      Object.entries(over).map(([name, section]) => [name, Array.isArray(section) ? section : { ...base[name], ...section }])
    )
  })
  const configFile = await place(folder, configText(over))
  const process = startProcess(['serve', '--config', configFile], env)
  t.after(async () => {
    await process.end()
    await Promise.all([upstream.close(), emulator.close()])
    await rm(folder, { recursive: true, force: true })
  })
  const adminUrl = `http://127.0.0.1:${adminPort}`
  if (isQuiet) await until(async () => (await request(`${adminUrl}/ready`)).statusCode === 200, 20_000)
  else await process.saying(/"msg":"ready; /)
  const url = `http://127.0.0.1:${port}`
  return {
    process,
    url,
    port,
    adminUrl,
    folder,
    configFile,
    upstream,
    emulator,
    newBrowser: () => createBrowser(url),
    configText,
    configure: (over) => writeFile(configFile, configText(over)),
    metrics: () => scrape(adminUrl),
    reloaded: (times, outcome = 'success') => until(async () => (await scrape(adminUrl)).value('config_reloads_total', { outcome }) >= times, 20_000)
  }
}
