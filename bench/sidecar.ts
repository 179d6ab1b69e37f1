import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startEmulator } from '../src/emulator/emulator.ts'
import { createBrowser, publicUrl } from '../test/rig/browser.ts'
import { freePort, startRedis } from '../test/rig/redis.ts'
import { app, sessionKey } from '../test/rig/rig.ts'
import { until } from '../test/rig/until.ts'
import { startUpstream } from '../test/rig/upstream.ts'
import { cpuMicroseconds, residentBytes } from './cpu.ts'
import { startTraffic } from './traffic.ts'

// Memory and CPU time of one gateway beside an app, built as the image has it (`npm run build` first), at rest and at a steady rate:
// node bench/sidecar.ts [--rate 100] [--seconds 30]
const { values: flags } = parseArgs({ options: { rate: { type: 'string', default: '100' }, seconds: { type: 'string', default: '30' } } })
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

const redis = await startRedis()
const emulator = await startEmulator({ apps: [app] })
const upstream = await startUpstream((_request, response) => { response.end('x'.repeat(1_024)) })
const [port, adminPort] = [await freePort(), await freePort()]
const beganAt = performance.now()
const gateway = spawn(process.execPath, ['--max-semi-space-size=16', main, 'serve'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    NODE_ENV: 'production',
    GATEWAY_SERVER_LISTEN: `127.0.0.1:${port}`,
    GATEWAY_SERVER_PUBLIC_URL: publicUrl,
    GATEWAY_SERVER_DRAIN_DELAY: '0s',
    GATEWAY_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    GATEWAY_AIHUBMIX_CLIENT_ID: app.clientId,
    GATEWAY_AIHUBMIX_CLIENT_SECRET: app.clientSecret,
    GATEWAY_AIHUBMIX_BROWSER_URL: emulator.url,
    GATEWAY_AIHUBMIX_SERVER_URL: emulator.url,
    GATEWAY_SESSION_REDIS_URL: redis.url,
    GATEWAY_SESSION_KEYS: sessionKey,
    GATEWAY_UPSTREAM: upstream.url
  }
})
const pid = gateway.pid ?? 0
await until(async () => (await fetch(`http://127.0.0.1:${adminPort}/ready`)).ok, 30_000)
console.log(`ready after               ${Math.round(performance.now() - beganAt)} ms`)
await delay(5_000)
console.log(`resident at rest          ${mebibytes(residentBytes(pid))}`)

const browser = createBrowser(`http://127.0.0.1:${port}`)
await browser.signIn()
const traffic = startTraffic({ url: `http://127.0.0.1:${port}`, cookie: browser.cookieHeader(), perSecond: Number(flags.rate), streams: 0, sockets: 0 })
await delay(5_000)
const [cpuBefore, at] = [cpuMicroseconds(pid), performance.now()]
await delay(Number(flags.seconds) * 1_000)
const share = (cpuMicroseconds(pid) - cpuBefore) / 1_000 / (performance.now() - at)
console.log(`resident at ${flags.rate} requests/s ${mebibytes(residentBytes(pid))}`)
console.log(`CPU at ${flags.rate} requests/s      ${(share * 100).toFixed(1)} % of a core`)

await traffic.stop()
gateway.kill('SIGTERM')
await Promise.all([redis.close(), emulator.close(), upstream.close()])

function mebibytes (bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`
}
