import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { publicUrl } from '../../test/rig/browser.ts'
import { freePort } from '../../test/rig/redis.ts'
import { app } from '../../test/rig/rig.ts'
import { answers, launch, proxyCore } from '../processes.ts'
import type { World } from '../world.ts'
import type { Candidate } from './candidate.ts'
import { copyOauth2ProxySession } from './oauth2-proxy-sessions.ts'

const cookieSecret = randomBytes(16).toString('hex')
const cookieName = '_oauth2_proxy'

/**
 * oauth2-proxy as it comes: sessions in Redis, its default logs into a file. AIHubMix is no OpenID provider; of its providers,
 * the one called facebook asks least of one: a code grant and a JSON document with `email`. So it signs in at the emulator too.
 */
export function oauth2Proxy (binary: string, { logs = true } = {}): Candidate {
  return {
    name: `oauth2-proxy, log ${logs ? 'on' : 'off'}`,
    sessions: {
      group: 'oauth2-proxy',
      cookieName,
      identityHeader: 'x-forwarded-email',
      seed: (redisUrl, count, known) => copyOauth2ProxySession({ redisUrl, cookieName, cookieSecret }, count, known)
    },
    async start (world) {
      const port = await freePort()
      const args = [...flags(world, port), ...(logs ? [] : ['--request-logging=false', '--auth-logging=false', '--standard-logging=false'])]
      const child = launch({ core: proxyCore, command: binary, args, outputFile: join(world.folder, `oauth2-proxy-${port}.log`) })
      const url = `http://127.0.0.1:${port}`
      await answers(`${url}/ready`, child)
      return { url, child }
    }
  }
}

function flags ({ upstreamUrl, liveUrl, redisUrl, emulator }: World, port: number): readonly string[] {
  return [
    `--http-address=127.0.0.1:${port}`,
    '--reverse-proxy=true',
    `--upstream=${upstreamUrl}/`,
    ...(liveUrl === undefined ? [] : [`--upstream=${liveUrl}/live/`]),
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
