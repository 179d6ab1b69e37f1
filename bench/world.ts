import type { ChildProcess } from 'node:child_process'
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
  /** Answers /1k and /64k with as many bytes, and /identity with who it is told is signed in. */
  readonly upstreamUrl: string
  /** What every proxy has behind /live: `startLiveApp`. */
  readonly liveUrl?: string
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

/** The app with `/live/events` and `/live/echo`; see soak/app.ts. */
export async function startLiveApp ({ folder }: World): Promise<{ readonly url: string, readonly child: ChildProcess }> {
  const port = await freePort()
  const child = launch({ core: supportCore, command: process.execPath, args: [join(import.meta.dirname, 'soak/app.ts'), String(port)], outputFile: join(folder, 'live.log') })
  const url = `http://127.0.0.1:${port}`
  await answers(`${url}/live`, child)
  return { url, child }
}

async function startUpstream (folder: string): Promise<string> {
  const port = await freePort()
  const root = join(folder, 'app')
  await mkdir(root)
  for (const [name, bytes] of Object.entries(bodyBytes)) await writeFile(join(root, name), 'x'.repeat(bytes))
  const config = await nginxConfig(folder, 'app', `
    server {
      listen 127.0.0.1:${port} backlog=4096;
      root ${root};
      open_file_cache max=10;
      open_file_cache_valid 1h;
      keepalive_requests 1000000000;
      location = /identity {
        default_type application/json;
        return 200 '{"x-user-id":"$http_x_user_id","x-forwarded-email":"$http_x_forwarded_email"}';
      }
    }`)
  const child = launch({ core: supportCore, command: 'nginx', args: ['-c', config], outputFile: join(folder, 'app.log') })
  const url = `http://127.0.0.1:${port}`
  await answers(`${url}/1k`, child)
  return url
}
