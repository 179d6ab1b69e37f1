import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { startRig, type Rig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { cookieLine } from './attack.ts'
import { connections, stubborn } from './held.ts'

const startLimited = (t: Test, limits: object): Promise<Rig> => startRig(t, { config: { server: { publicUrl: 'https://gw.test', limits } } })

interface Dripping {
  readonly socket: Socket
  readonly text: () => string
  /** When what it sends is refused: before that, it may have been told that nobody listens, and its connection be held all the same. */
  readonly letGo: Promise<void>
}

/** A client that goes on byte by byte for as long as it is let, and keeps its own side open whatever it is told. */
async function dripping (t: Test, rig: Rig, start: string): Promise<Dripping> {
  const socket = connect({ port: rig.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  let text = ''
  socket.on('data', (chunk: Buffer) => { text += chunk.toString('latin1') })
  await once(socket, 'connect')
  socket.write(start)
  const timer = setInterval(() => socket.write('x'), 50)
  const letGo = new Promise<void>((resolve) => { socket.once('close', () => { clearInterval(timer); resolve() }) })
  t.after(() => { clearInterval(timer); socket.destroy() })
  return { socket, text: () => text, letGo }
}

const allLetGo = (rig: Rig): Promise<void> => until(async () => await connections(rig) === 0)

/** What becomes of the next request at the app: whether all of its body came, or its connection was closed before that. */
function nextAtApp ({ upstream: { server } }: Rig): Promise<'whole' | 'cut'> {
  return new Promise((resolve) => {
    server.once('request', (request) => {
      request.once('end', () => resolve('whole'))
      request.socket.once('close', () => resolve('cut'))
    })
  })
}

t.test('T-146 a request line and headers that come a byte at a time are not awaited longer than headersTimeout, however steadily they come', async (t) => {
  const rig = await startLimited(t, { headersTimeout: '1s' })
  const starts = ['GET /public/', 'GET /public/a HTTP/1.1\r\nHost: gw.test\r\nX-', 'GET /public/a HTTP/1.1\r\nHost: gw.test\r\nX-A: ']
  const clients = await Promise.all(starts.map((start) => dripping(t, rig, start)))
  for (const { text, letGo } of clients) {
    await letGo
    t.match(text(), /^HTTP\/1\.1 400 [^]*"error":"malformed_request"/)
  }
  t.strictSame(rig.upstream.seen, [])
})

t.test('T-146 the next request on a connection has no more time for its headers than the first', async (t) => {
  const rig = await startLimited(t, { headersTimeout: '1s' })
  const { text, letGo } = await dripping(t, rig, 'GET /public/a HTTP/1.1\r\nHost: gw.test\r\n\r\nGET /public/b HTTP/1.1\r\nHost: gw.test\r\nX-A: ')
  await letGo
  t.match(text(), /^HTTP\/1\.1 200 /)
  t.strictSame(rig.upstream.seen.map(({ target }) => target), ['/public/a'])
})

t.test('T-146 who connects and sends nothing, or only empty lines, is let go after headersTimeout', async (t) => {
  const rig = await startLimited(t, { headersTimeout: '1s' })
  const sockets = [await stubborn(rig, ''), await stubborn(rig, '\r\n\r\n')]
  t.after(() => { for (const socket of sockets) socket.destroy() })
  await allLetGo(rig)
  t.pass()
})

t.test('T-146 a connection that has had its answer is closed after idleTimeout', async (t) => {
  const rig = await startLimited(t, { idleTimeout: '1s' })
  const socket = await stubborn(rig, 'GET /public/a HTTP/1.1\r\nHost: gw.test\r\n\r\n')
  t.after(() => socket.destroy())
  await until(() => rig.upstream.seen.length === 1)
  await allLetGo(rig)
  t.pass()
})

for (const [what, framing] of Object.entries({ 'of known length': 'Content-Length: 100000\r\n\r\n', 'in chunks': 'Transfer-Encoding: chunked\r\n\r\nFFFF\r\n' })) {
  t.test(`T-146 a body ${what} that comes a byte at a time is cut after requestTimeout: the app hears that it broke off`, async (t) => {
    const rig = await startLimited(t, { requestTimeout: '2s' })
    const signedIn = await cookieLine(rig)
    const arrival = nextAtApp(rig)
    const { letGo } = await dripping(t, rig, `POST /slow HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\n${framing}`)
    t.equal(await arrival, 'cut')
    await letGo
    t.notOk(rig.upstream.seen.some(({ target }) => target === '/slow'))
  })
}

t.test('T-146 a stranger\'s slow upload costs its refusal: the rest is not awaited, and the app is not asked', async (t) => {
  const rig = await startLimited(t, {})
  const client = await dripping(t, rig, 'POST /a HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 100000\r\n\r\n')
  await client.letGo
  t.match(client.text(), /^HTTP\/1\.1 401 /)
  t.strictSame(rig.upstream.seen, [])
})

t.test('T-146 where no requestTimeout is set a slow upload takes the time it needs', async (t) => {
  const rig = await startLimited(t, { headersTimeout: '1s', idleTimeout: '1s' })
  const signedIn = await cookieLine(rig)
  const arrival = nextAtApp(rig)
  const { socket, text } = await dripping(t, rig, `POST /slow HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\nContent-Length: 60\r\n\r\n`) // three seconds of it
  t.equal(await arrival, 'whole')
  await until(() => text().startsWith('HTTP/1.1 200 '))
  socket.destroy()
  t.equal(rig.upstream.last().body.length, 60)
})

t.test('T-146 300 slow uploads of one client keep nobody else out, not even of the same route', async (t) => {
  const rig = await startLimited(t, {})
  const sockets = await Promise.all(Array.from({ length: 300 }, () => stubborn(rig, 'POST /public/slow HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 100000\r\n\r\nx')))
  t.after(() => { for (const socket of sockets) socket.destroy() })
  await until(async () => await new Promise((resolve) => { rig.upstream.server.getConnections((_error, count) => resolve(count >= 300)) }))
  for (const target of ['/public/a', '/oauth2/ping']) t.equal((await rig.newBrowser().fetch(target)).status, 200, target)
})
