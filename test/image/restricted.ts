import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { access, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { createBrowser, publicUrl } from '../rig/browser.ts'
import { freePort, startRedis } from '../rig/redis.ts'
import { app, sessionKey } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { startUpstream } from '../rig/upstream.ts'

/** Run by `.ci/image`, which builds the image, mounts it and says where. */
const root = process.env['IMAGE_ROOT'] ?? ''
const image: ImageConfig = JSON.parse(process.env['IMAGE_INSPECTED'] ?? '{}').Docker.config
const restricted = fileURLToPath(new URL('../../.ci/restricted', import.meta.url))

interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly WorkingDir: string
  readonly Healthcheck: { readonly Test: readonly string[] }
  readonly Labels: Readonly<Record<string, string>>
}

t.test('the image, run without any privilege on a read-only root, signs somebody in and ends cleanly', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const emulator = await startEmulator({ apps: [app] })
  t.after(() => emulator.close())
  const [port, adminPort] = [await freePort(), await freePort()]
  const environment = {
    GATEWAY_SERVER_LISTEN: `127.0.0.1:${port}`,
    GATEWAY_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    GATEWAY_SERVER_PUBLIC_URL: publicUrl,
    GATEWAY_SERVER_DRAIN_DELAY: '0s',
    GATEWAY_AIHUBMIX_CLIENT_ID: app.clientId,
    GATEWAY_AIHUBMIX_CLIENT_SECRET: app.clientSecret,
    GATEWAY_AIHUBMIX_BROWSER_URL: emulator.url,
    GATEWAY_AIHUBMIX_SERVER_URL: emulator.url,
    GATEWAY_SESSION_REDIS_URL: redis.url,
    GATEWAY_SESSION_KEYS: sessionKey,
    GATEWAY_UPSTREAM: upstream.url
  }
  const began = performance.now()
  const container = inImage(environment, [...image.Entrypoint, ...image.Cmd])
  t.after(() => container.kill('SIGKILL'))
  await until(async () => await fetch(`http://127.0.0.1:${adminPort}/ready`).then(({ ok }) => ok, () => false))
  t.comment(`ready after ${Math.round(performance.now() - began)} ms`)

  const node = await processOf(container.pid ?? 0)
  const status = await readFile(`/proc/${node}/status`, 'utf8')
  t.match(status, /^Uid:\t1000\t1000\t1000\t1000$/m, 'uid 1000')
  t.match(status, /^CapEff:\t0+$/m, 'no capability')
  t.match(status, /^CapPrm:\t0+$/m, 'and none to be had')
  t.match(status, /^NoNewPrivs:\t1$/m, 'no new privileges')
  t.match(await readFile(`/proc/${node}/mounts`, 'utf8'), /^\S+ \/ \S+ ro[, ]/m, 'a read-only root')
  t.comment(`resident at rest: ${Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024)} MiB`)

  const browser = createBrowser(`http://127.0.0.1:${port}`)
  const page = await browser.signIn('user123', '/reports/42')
  t.equal(page.status, 200)
  t.equal(upstream.last().target, '/reports/42')
  t.strictSame(['x-user-id', 'x-user-email', 'x-user-balance'].map((name) => upstream.valuesOf(name)), [['12345'], ['user@example.com'], ['750.00']])

  const [command = '', ...args] = image.Healthcheck.Test.slice(1)
  const healthy = inImage(environment, [command, ...args])
  t.strictSame(await once(healthy, 'exit'), [0, null], 'the health check says so')
  const elsewhere = inImage({ ...environment, GATEWAY_ADMIN_LISTEN: `127.0.0.1:${await freePort()}` }, [command, ...args])
  t.strictSame(await once(elsewhere, 'exit'), [1, null], 'and says when there is nobody')

  process.kill(node, 'SIGTERM')
  t.strictSame(await once(container, 'exit'), [0, null], 'exit 0 on SIGTERM')
})

t.test('the image says who it is, runs as a number, and holds nothing that builds, tests or opens a shell', async (t) => {
  t.equal(image.User, '1000:1000')
  t.match(image.Labels, { 'org.opencontainers.image.title': 'aihubmix-gateway', 'org.opencontainers.image.licenses': 'Apache-2.0', 'org.opencontainers.image.version': /^\d/ })
  t.strictSame(await present(['/bin/sh', '/usr/bin/sh', '/usr/local/bin/npm', '/app/src', '/app/test', '/app/node_modules/typescript', '/app/node_modules/tap', '/root']), [])
  const needed = ['/usr/local/bin/node', '/app/dist/main.js', '/app/LICENSE']
  t.strictSame(await present(needed), needed)
})

function inImage (environment: Readonly<Record<string, string>>, command: readonly string[]): ChildProcess {
  const env = Object.fromEntries(image.Env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
  return spawn(restricted, [root, ...command], { env: { ...env, PATH: `${process.env['PATH']}:/usr/local/bin:/usr/sbin:/usr/bin`, ...environment }, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** The process within the namespaces, as the machine numbers it. */
async function processOf (parent: number): Promise<number> {
  const children = (await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')).trim()
  return children === '' ? parent : await processOf(Number(children.split(' ')[0]))
}

/** The paths of these that the image has. */
async function present (paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map(async (path) => await access(`${root}${path}`).then(() => [path], () => [])))
  return found.flat()
}
