import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { publicUrl } from '../../test/rig/browser.ts'
import { freePort } from '../../test/rig/redis.ts'
import { app } from '../../test/rig/rig.ts'
import { answers, launch, proxyCore } from '../processes.ts'
import type { World } from '../world.ts'
import type { Candidate } from './candidate.ts'

const cookieSecret = randomBytes(16).toString('hex')

/**
 * oauth2-proxy as it comes: sessions in Redis, its default logs into a file. AIHubMix is no OpenID provider; of its providers,
 * the one called facebook asks least of one: a code grant and a JSON document with `email`. So it signs in at the emulator too.
 */
export function oauth2Proxy (binary: string): Candidate {
  return {
    name: 'oauth2-proxy, log on',
    sessions: { group: 'oauth2-proxy', cookieName: '_oauth2_proxy' },
    async start (world) {
      const port = await freePort()
      const child = launch({ core: proxyCore, command: binary, args: flags(world, port), outputFile: join(world.folder, `oauth2-proxy-${port}.log`) })
      const url = `http://127.0.0.1:${port}`
      await answers(`${url}/ready`, child)
      return { url, child }
    }
  }
}

function flags ({ upstreamUrl, redisUrl, emulator }: World, port: number): readonly string[] {
  return [
    `--http-address=127.0.0.1:${port}`,
    '--reverse-proxy=true',
    `--upstream=${upstreamUrl}/`,
    '--provider=facebook',
    `--client-id=${app.clientId}`,
    `--client-secret=${app.clientSecret}`,
    `--login-url=${emulator.url}/api/oauth2/authorize?auto_authorize=true`,
    `--redeem-url=${emulator.url}/api/oauth2/token`,
    `--profile-url=${emulator.url}/api/oauth2/userinfo`,
    `--validate-url=${emulator.url}/api/oauth2/userinfo`,
    '--scope=profile balance',
    `--redirect-url=${publicUrl}/oauth2/callback`,
    '--email-domain=*',
    '--skip-provider-button=true',
    `--cookie-secret=${cookieSecret}`,
    '--session-store-type=redis',
    `--redis-connection-url=${redisUrl}`
  ]
}
