import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { startRig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

const rig = await startRig(t)
const handshake = 'GET /public/ws HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
const mebibyte = 1 << 20

/** A tunnel whose app reads nothing until told. */
async function opened (): Promise<{ readonly client: Socket, readonly appSide: Duplex }> {
  const upgraded = once(rig.upstream.server, 'upgrade')
  const client = connect(rig.port, '127.0.0.1').on('error', () => {})
  client.write(handshake)
  const [, appSide] = await upgraded as [unknown, Duplex]
  appSide.on('error', () => {}).on('end', () => appSide.end()).write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await once(client, 'data')
  return { client, appSide }
}

/** How many bytes can be sent before nothing is taken for a while; not more than `mostBytes`. */
async function pushed (client: Socket, chunk: Buffer, mostBytes: number): Promise<number> {
  let sentBytes = 0
  while (sentBytes < mostBytes) {
    sentBytes += chunk.length
    if (client.write(chunk)) continue
    const isTaken = await Promise.race([once(client, 'drain').then(() => true), delay(500, false)])
    if (!isTaken) break
  }
  return sentBytes
}

const ping = Buffer.from([0x89, 0x80, 1, 2, 3, 4])
const floods: Readonly<Record<string, readonly [start: Buffer, chunk: Buffer]>> = {
  'a frame that declares 1 GB': [Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]), Buffer.alloc(mebibyte)],
  'a flood of pings': [Buffer.alloc(0), Buffer.concat(Array.from({ length: 100_000 }, () => ping))],
  'a flood of empty fragments': [Buffer.from([0x01, 0x80, 1, 2, 3, 4]), Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from([0x00, 0x80, 1, 2, 3, 4])))]
}

for (const [what, [start, chunk]] of Object.entries(floods)) {
  t.test(`T-122 ${what} is held back by an app that does not read, not kept here`, async (t) => {
    const { client, appSide } = await opened()
    client.write(start)
    const sentBytes = await pushed(client, chunk, 256 * mebibyte)
    t.ok(sentBytes < 64 * mebibyte, `${sentBytes} bytes were taken, of 256 MiB`)
    client.destroy()
    appSide.resume()
    await once(appSide, 'close')
    t.equal((await rig.newBrowser().fetch('/public/a')).status, 200, 'others are served')
  })
}

t.test('T-122 a frame that declares 1 GB and sends none of it costs its header', async (t) => {
  const before = process.memoryUsage()
  const open: Awaited<ReturnType<typeof opened>>[] = []
  while (open.length < 20) open.push(await opened())
  for (const { client } of open) client.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]))
  for (const { appSide } of open) await until(() => appSide.readableLength === 14)
  const { arrayBuffers } = process.memoryUsage()
  t.ok(arrayBuffers - before.arrayBuffers < 64 * mebibyte, `${arrayBuffers - before.arrayBuffers} bytes for 20 GiB declared`)
  for (const { client, appSide } of open) { client.destroy(); appSide.resume() }
})

t.test('T-122 the app bounds what it wants: its 1009 reaches the client, and pings are answered end to end', async (t) => {
  const server = new WebSocketServer({ server: rig.upstream.server, maxPayload: 1_000 })
  server.on('connection', (socket) => { socket.on('error', () => {}) })
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/public/ws`, { headers: { host: 'gw.test' } })
  await once(socket, 'open')
  socket.ping('are you there')
  t.equal(String((await once(socket, 'pong'))[0]), 'are you there')
  socket.send('x'.repeat(5_000))
  t.equal((await once(socket, 'close'))[0], 1009)
})

t.end() // the app and the gateway go with it
