import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startEmulator, type Emulator } from '../src/emulator/emulator.ts'
import { freePort, startRedis } from '../test/rig/redis.ts'
import { app } from '../test/rig/rig.ts'
import { answers, launch, supportCore } from './processes.ts'
import { nginxConfig } from './nginx-config.ts'

/** What stands around the proxies: the app, Redis and AIHubMix, all on loopback. */
export interface World {
  /** Removed at the end. */
  readonly folder: string
  /** Answers /1k and /64k with as many bytes. */
  readonly upstreamUrl: string
  readonly redisUrl: string
  readonly emulator: Emulator
  close (): Promise<void>
}

export const bodyBytes = { '1k': 1_024, '64k': 65_536 } as const

export async function startWorld (folder: string): Promise<World> {
  const redis = await startRedis()
  const emulator = await startEmulator({ apps: [app] })
  return {
    folder,
    upstreamUrl: await startUpstream(folder),
    redisUrl: redis.url,
    emulator,
    async close () { await Promise.all([redis.close(), emulator.close()]) }
  }
}

async function startUpstream (folder: string): Promise<string> {
  const port = await freePort()
  const root = join(folder, 'app')
  await mkdir(root)
  for (const [name, bytes] of Object.entries(bodyBytes)) await writeFile(join(root, name), 'x'.repeat(bytes))
  const config = await nginxConfig(folder, 'app', `
    server {
      listen 127.0.0.1:${port} backlog=1024;
      root ${root};
      open_file_cache max=10;
      open_file_cache_valid 1h;
      keepalive_requests 1000000000;
    }`)
  const child = launch({ core: supportCore, command: 'nginx', args: ['-c', config], outputFile: join(folder, 'app.log') })
  const url = `http://127.0.0.1:${port}`
  await answers(`${url}/1k`, child)
  return url
}
