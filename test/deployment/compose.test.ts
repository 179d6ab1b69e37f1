import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { freePort } from '../rig/redis.ts'

const folder = new URL('../../config/compose/', import.meta.url)

interface Service {
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly networks: readonly string[]
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
}

const compose: { readonly services: Readonly<Record<'gateway' | 'redis' | 'app', Service>>, readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>> } =
  parse(await readFile(new URL('compose.yaml', folder), 'utf8'))

t.test('the gateway of the compose file starts with what is written there', async (t) => {
  const secrets = t.testdir({ 'client-secret': 'a-secret', 'session-keys': Buffer.alloc(32, 7).toString('base64') })
  const given = Object.entries(compose.services.gateway.environment ?? {}).map(([name, value]): [string, string] => [name, value
    .replace(/^\$\{PUBLIC_URL:-(.+)\}$/, '$1')
    .replace(/^\$\{OAUTH_CLIENT_ID:\?[^}]+\}$/, 'client_123')
    .replace('/run/secrets', secrets)])
  const { config } = await loadConfig({ file: undefined, env: Object.fromEntries(given) })
  t.equal(config.aihubmix.redirectUri, 'http://localhost:4180/oauth2/callback')
  t.equal(config.routes.length, 1)
})

t.test('nobody gets past the gateway: the app and Redis publish no port, and the app is on a network without a way out', async (t) => {
  t.strictSame(compose.services.gateway.ports, ['127.0.0.1:4180:4180'])
  t.equal(compose.services.app.ports, undefined)
  t.equal(compose.services.redis.ports, undefined)
  t.strictSame(compose.services.app.networks, ['app'])
  t.strictSame(compose.networks['app'], { internal: true })
  t.match(compose.services.gateway, { read_only: true, cap_drop: ['ALL'] })
})

t.test('the sample app of the compose file says who it was told', async (t) => {
  const port = await freePort()
  const app = spawn(process.execPath, [fileURLToPath(new URL('app.mjs', folder))], { env: { PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(app.stdout, 'data')
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-user-id': '12345', 'x-user-balance': '750.00', connection: 'close' } })
  t.equal(await answer.text(), 'You are user 12345 (no e-mail), with a balance of 750.00.\n')
  app.kill('SIGTERM')
  t.strictSame(await once(app, 'exit'), [0, null])
})
