import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { WebSocketServer } from 'ws'
import { startEmulator } from '../src/emulator/emulator.ts'
import { createBrowser, publicUrl } from '../test/rig/browser.ts'
import { startProcess, type TestProcess } from '../test/rig/process.ts'
import { freePort, startRedis } from '../test/rig/redis.ts'
import { app, sessionKey } from '../test/rig/rig.ts'
import { until } from '../test/rig/until.ts'
import { startUpstream } from '../test/rig/upstream.ts'
import { startBalancer, type Replica } from './balancer.ts'
import { startTraffic } from './traffic.ts'

// Requests, event streams and WebSockets through a rolling restart of two replicas behind a balancer:
// node bench/rolling-restart.ts [--rate 500] [--streams 20] [--sockets 20]
const { values: flags } = parseArgs({ options: { rate: { type: 'string', default: '500' }, streams: { type: 'string', default: '20' }, sockets: { type: 'string', default: '20' } } })

const folder = await mkdtemp(join(tmpdir(), 'gateway-rolling-'))
const redis = await startRedis()
const emulator = await startEmulator({ apps: [app] })
const upstream = await startUpstream((request, response) => {
  if (request.url === '/events') response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n')
  else response.end('x'.repeat(1_024))
})
const sockets = new WebSocketServer({ noServer: true })
upstream.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, (ws) => { ws.on('message', (data) => ws.send(data)) }))

const replicas = await Promise.all(Array.from({ length: 2 }, async () => {
  const [port, adminPort] = [await freePort(), await freePort()]
  const file = join(folder, `${port}.yaml`)
  await writeFile(file, JSON.stringify({
    server: { listen: `127.0.0.1:${port}`, publicUrl, drain: { delay: '2s', timeout: '10s' } },
    admin: { listen: `127.0.0.1:${adminPort}` },
    aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, browserUrl: emulator.url, serverUrl: emulator.url },
    session: { keys: [sessionKey], redis: { url: redis.url } },
    routes: [{ upstream: upstream.url }],
    log: { level: 'warn' }
  }))
  return { port, adminUrl: `http://127.0.0.1:${adminPort}`, file }
}))
const start = (file: string): TestProcess => startProcess(['serve', '--config', file])
const running = new Map<Replica, TestProcess>(replicas.map((replica) => [replica, start(replica.file)]))

const balancer = await startBalancer(replicas)
await until(() => replicas.every(balancer.isReady), 30_000)
const browser = createBrowser(balancer.url)
await browser.signIn()
const traffic = startTraffic({ url: balancer.url, cookie: browser.cookieHeader(), perSecond: Number(flags.rate), streams: Number(flags.streams), sockets: Number(flags.sockets) })

const exits: string[] = []
await delay(3_000)
traffic.phase('both replicas')
for (const [index, replica] of replicas.entries()) {
  const process = running.get(replica)
  const beganAt = performance.now()
  exits.push(`replica ${index + 1}: exit ${await process?.end('SIGTERM')} after ${((performance.now() - beganAt) / 1000).toFixed(1)} s`)
  if (process !== undefined && process.output() !== '') console.error(process.output())
  traffic.phase(`replica ${index + 1} stops`)
  running.set(replica, start(replica.file))
  await until(() => balancer.isReady(replica), 30_000)
  await delay(1_000)
  traffic.phase(`replica ${index + 1} is back`)
}
await delay(2_000)
traffic.phase('both replicas again')
const { table, failures } = await traffic.stop()

console.log(`${table}\n\n${exits.join('\n')}`)
for (const failure of failures.slice(0, 10)) console.log(failure)
await Promise.all(Array.from(running.values(), (process) => process.end()))
await balancer.close()
sockets.close()
await Promise.all([upstream.close(), emulator.close(), redis.close()])
await rm(folder, { recursive: true })
process.exitCode = failures.length === 0 ? 0 : 1
