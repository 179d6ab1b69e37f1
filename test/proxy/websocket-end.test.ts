import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { duplexPair, type Duplex } from 'node:stream'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { tunnel } from '../../src/proxy/websocket.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { startRig, type Rig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

interface Opened { readonly rig: Rig, readonly ada: TestBrowser, readonly browserSide: WebSocket, readonly appSide: WebSocket }

/** A WebSocket of somebody who is signed in, seen from both of its ends. */
async function opened (t: Parameters<typeof startRig>[0]): Promise<Opened> {
  const rig = await startRig(t)
  const server = new WebSocketServer({ server: rig.upstream.server, perMessageDeflate: true })
  const ada = rig.newBrowser()
  await ada.signIn()
  const accepted = once(server, 'connection')
  const browserSide = new WebSocket(`ws://127.0.0.1:${rig.port}/ws`, { headers: { host: 'gw.test', cookie: ada.cookieHeader() } })
  const [[appSide]] = await Promise.all([accepted, once(browserSide, 'open')]) as [[WebSocket], unknown]
  return { rig, ada, browserSide, appSide }
}

const signOut = (browser: TestBrowser) => browser.fetch('/oauth2/sign_out', { method: 'POST', headers: { origin: 'https://gw.test' } })
const codeOf = async (socket: WebSocket): Promise<number> => Number((await once(socket, 'close'))[0])

t.test('T-124 when the session ends both ends of its WebSocket are told 1008', async (t) => {
  const { ada, browserSide, appSide } = await opened(t)
  browserSide.send('x'.repeat(70_000))
  await once(appSide, 'message')
  const codes = Promise.all([codeOf(browserSide), codeOf(appSide)])
  await signOut(ada)
  t.strictSame(await codes, [1008, 1008])
})

t.test('T-124 when the gateway stops both ends are told 1012', async (t) => {
  const { rig, browserSide, appSide } = await opened(t)
  const codes = Promise.all([codeOf(browserSide), codeOf(appSide)])
  await rig.gateway.close(5_000)
  t.strictSame(await codes, [1012, 1012])
})

t.test('T-124 within a message of many frames a close frame is put between two of them', async (t) => {
  const { ada, browserSide, appSide } = await opened(t)
  appSide.send('one ', { fin: false, compress: false })
  browserSide.send('one ', { fin: false, compress: false })
  browserSide.ping()
  await once(appSide, 'ping') // what was sent before it has passed
  appSide.ping()
  await once(browserSide, 'ping')
  const codes = Promise.all([codeOf(browserSide), codeOf(appSide)])
  await signOut(ada)
  t.strictSame(await codes, [1008, 1008])
})

/** A tunnel whose app the test writes for itself; `appSide` is its bare connection. */
async function bare (t: Parameters<typeof startRig>[0]): Promise<{ readonly rig: Rig, readonly ada: TestBrowser, readonly client: Socket, readonly appSide: Duplex, read (side: Duplex): () => Buffer }> {
  const rig = await startRig(t)
  const accepted = once(rig.upstream.server, 'upgrade')
  const ada = rig.newBrowser()
  await ada.signIn()
  const client = connect(rig.port, '127.0.0.1').on('error', () => {})
  client.write(`GET /ws HTTP/1.1\r\nHost: gw.test\r\nCookie: ${ada.cookieHeader()}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`)
  const [, appSide] = await accepted as [unknown, Duplex]
  appSide.on('error', () => {}).on('end', () => appSide.end()).write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await once(client, 'data')
  return {
    rig,
    ada,
    client,
    appSide,
    read (side) {
      const chunks: Buffer[] = []
      side.on('data', (chunk: Buffer) => { chunks.push(chunk) })
      return () => Buffer.concat(chunks)
    }
  }
}

t.test('T-124 a direction that stands within a frame is cut: a close frame there would be its payload', async (t) => {
  const { ada, client, appSide, read } = await bare(t)
  const [atClient, atApp] = [read(client), read(appSide)]
  appSide.write(Buffer.from([0x82, 126, 1, 0, 7, 7, 7]))
  client.write(Buffer.from([0x82, 0xff, 0, 0]))
  await until(() => atClient().length === 7 && atApp().length === 4)
  const closed = Promise.all([once(client, 'close'), once(appSide, 'close')])
  await signOut(ada)
  await closed
  t.equal(atClient().length, 7, 'not one byte more')
  t.equal(atApp().length, 4)
})

t.test('T-124 each direction is judged by itself', async (t) => {
  const { ada, client, appSide, read } = await bare(t)
  const [atClient, atApp] = [read(client), read(appSide)]
  client.write(Buffer.from([0x81, 0x85, 1, 2]))
  await until(() => atApp().length === 4)
  const closed = Promise.all([once(client, 'close'), once(appSide, 'close')])
  await signOut(ada)
  await closed
  t.same(atClient(), Buffer.from([0x88, 2, 1008 >> 8, 1008 & 0xff]))
  t.equal(atApp().length, 4)
})

t.test('T-124 after a close frame of the app comes no other', async (t) => {
  const { ada, client, appSide, read } = await bare(t)
  const atClient = read(client)
  appSide.resume()
  const goodbye = Buffer.from([0x88, 2, 4001 >> 8, 4001 & 0xff])
  appSide.write(goodbye)
  await until(() => atClient().length === 4)
  const closed = once(client, 'close')
  await signOut(ada)
  await closed
  t.same(atClient(), goodbye)
})

t.test('T-124 who is told to close and does not is cut', async (t) => {
  const { ada, client, appSide } = await bare(t)
  client.allowHalfOpen = true // it hears the end, and keeps its own side open for ever
  client.resume()
  appSide.removeAllListeners('end')
  appSide.on('error', () => {}).resume()
  await signOut(ada)
  for (const side of [client, appSide]) await until(() => side.errored !== null || !side.write('still here'))
  t.pass('what is sent to a connection that is gone is refused')
})

t.test('T-124 a second reason to end does not cut short what was told the first', async (t) => {
  const [client, browserSide] = duplexPair()
  const [upstream, appSide] = duplexPair()
  const end = tunnel({ socket: client, head: Buffer.alloc(0) }, upstream, [])
  end('session over')
  end('shutdown')
  t.notOk(client.destroyed || upstream.destroyed)
  browserSide.resume().end()
  appSide.resume().end()
  await Promise.all([once(client, 'close'), once(upstream, 'close')])
})
