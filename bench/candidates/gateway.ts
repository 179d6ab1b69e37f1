import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publicUrl } from '../../test/rig/browser.ts'
import { freePort } from '../../test/rig/redis.ts'
import { app } from '../../test/rig/rig.ts'
import { answers, launch, proxyCore } from '../processes.ts'
import type { World } from '../world.ts'
import type { Candidate } from './candidate.ts'
import { seedGatewaySessions } from './gateway-sessions.ts'

const sessionKey = randomBytes(32).toString('base64')
/** The tree this file is in. */
export const thisTree = join(import.meta.dirname, '../..')
/** As the image starts it. */
export const flagsOfTheImage = ['--max-semi-space-size=16']
/**
 * For sets with sessions that were written into the store: nobody at AIHubMix knows their tokens. Ten thousand identities could not be
 * re-read every 30 seconds there anyway: `aihubmix.budget` spares the calls.
 */
export const identitiesAreKept = { identity: { maxAge: '2h', maxStale: '2h' } }

export interface GatewayOptions {
  /** The tree whose `src/main.ts` runs. */
  readonly tree: string
  readonly label: string
  readonly logLevel: 'info' | 'silent'
  /** The image's unless given. */
  readonly nodeFlags?: readonly string[]
  readonly workers?: number
  /** As taskset writes them; the proxies' core unless given. */
  readonly cores?: string
  readonly env?: Readonly<Record<string, string>>
  /** Put over the rest of the configuration. */
  readonly config?: (world: World) => Readonly<Record<string, unknown>>
}

/** The gateway as an operator runs it: its own process, sessions in Redis, access log into a file. */
export function gateway ({ tree, label, logLevel, nodeFlags = flagsOfTheImage, workers = 1, cores = String(proxyCore), env = {}, config: more = () => ({}) }: GatewayOptions): Candidate {
  return {
    name: `${label}, log ${logLevel === 'silent' ? 'off' : 'on'}`,
    sessions: {
      group: label,
      cookieName: '__Host-aihubmix',
      identityHeader: 'x-user-id',
      seed: (redisUrl, count) => seedGatewaySessions({ redisUrl, keyPrefix: `${label}:`, sessionKey }, count)
    },
    async start (world) {
      const port = await freePort()
      const adminPort = await freePort()
      const config = await writeConfig(world, { port, adminPort, logLevel, workers, group: label }, more(world))
      const args = [...nodeFlags, join(tree, 'src/main.ts'), 'serve', '--config', config]
      const child = launch({ core: cores, command: process.execPath, args, env, outputFile: join(world.folder, `gateway-${port}.log`) })
      await answers(`http://127.0.0.1:${adminPort}/ready`, child)
      return { url: `http://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${adminPort}`, child }
    }
  }
}

interface Listening {
  readonly port: number
  readonly adminPort: number
  readonly logLevel: string
  readonly workers: number
  readonly group: string
}

async function writeConfig ({ folder, upstreamUrl, liveUrl, redisUrl, emulator }: World, { port, adminPort, logLevel, workers, group }: Listening, more: Readonly<Record<string, unknown>>): Promise<string> {
  const file = join(folder, `gateway-${port}.yaml`)
  await writeFile(file, JSON.stringify({
    server: { publicUrl, listen: `127.0.0.1:${port}`, drain: { delay: '0s' }, ...(workers === 1 ? {} : { workers }) },
    admin: { listen: `127.0.0.1:${adminPort}` },
    aihubmix: {
      clientId: app.clientId,
      clientSecret: app.clientSecret,
      browserUrl: emulator.url,
      serverUrl: emulator.url,
      appUrl: emulator.url,
      budget: { requests: 1_000_000 } // thousands sign in within a moment
    },
    session: { keys: [sessionKey], redis: { url: redisUrl, keyPrefix: `${group}:` } },
    routes: [{ path: '/', upstream: upstreamUrl }, ...(liveUrl === undefined ? [] : [{ path: '/live', upstream: liveUrl }])],
    log: { level: logLevel },
    ...more
  }))
  return file
}
