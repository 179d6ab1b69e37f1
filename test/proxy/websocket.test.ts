import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { createBrowser } from '../rig/browser.ts'
import { startRig, type Rig } from '../rig/rig.ts'

interface Sockets { readonly server: WebSocketServer, readonly headers: Record<string, string | string[] | undefined>[] }

/** Lets the app behind the rig speak WebSocket: it echoes, and chooses the last sub-protocol offered. */
function acceptWebSockets (rig: Rig): Sockets {
  const headers: Sockets['headers'] = []
  const server = new WebSocketServer({ server: rig.upstream.server, handleProtocols: (offered) => [...offered].at(-1) ?? false, perMessageDeflate: true })
  server.on('connection', (socket, request) => {
    headers.push(request.headers)
    socket.on('message', (data, isBinary) => {
      if (data.toString() === 'bye') socket.close(4001, 'as asked')
      else socket.send(data, { binary: isBinary })
    })
  })
  return { server, headers }
}

async function open (rig: Rig, cookie: string, protocols: readonly string[] = [], headers: Readonly<Record<string, string>> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/ws?x=1`, [...protocols], { headers: { host: 'gw.test', cookie, ...headers } })
  await once(socket, 'open')
  return socket
}

t.test('a WebSocket carries who the user is, and the app chooses the sub-protocol', async (t) => {
  const rig = await startRig(t)
  const { headers } = acceptWebSockets(rig)
  const ada = createBrowser(rig.url)
  await ada.signIn()
  const socket = await open(rig, `theme=dark; ${ada.cookieHeader()}`, ['p1', 'p2'], { 'X-User-Id': 'spoof', X_User_Email: 'spoof' })
  t.match(headers[0], { 'x-user-id': '12345', 'x-user-email': 'user@example.com', 'x-user-balance': '750.00', cookie: 'theme=dark', 'sec-websocket-protocol': 'p1,p2', host: 'gw.test' })
  t.notHas(headers[0], { x_user_email: String })
  t.equal(socket.protocol, 'p2')
  t.equal(socket.extensions, 'permessage-deflate', 'the extension was agreed between browser and app')

  for (const message of ['text', Buffer.alloc(300_000, 1)]) {
    socket.send(message)
    const [echoed, isBinary] = await once(socket, 'message') as [Buffer, boolean]
    t.ok(echoed.equals(Buffer.from(message)))
    t.equal(isBinary, typeof message !== 'string')
  }
  socket.send('bye')
  t.strictSame((await once(socket, 'close')).map(String), ['4001', 'as asked'])
})

t.test('the app is asked before the browser hears 101: its refusal is the answer', async (t) => {
  const rig = await startRig(t)
  rig.upstream.server.on('upgrade', (_request, socket) => { socket.end('HTTP/1.1 403 Forbidden\r\nX-Why: app\r\nContent-Length: 2\r\n\r\nno') })
  const ada = createBrowser(rig.url)
  await ada.signIn()
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/ws`, { headers: { host: 'gw.test', cookie: ada.cookieHeader() } })
  const [, response] = await once(socket, 'unexpected-response')
  t.equal(response.statusCode, 403)
  t.equal(response.headers['x-why'], 'app')
})

t.test('without a session a WebSocket is refused with 401 and the app is not asked', async (t) => {
  const rig = await startRig(t)
  const { headers } = acceptWebSockets(rig)
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/ws`, { headers: { host: 'gw.test' } })
  const [, response] = await once(socket, 'unexpected-response')
  t.equal(response.statusCode, 401)
  t.strictSame(headers, [])
})

t.test('whichever side goes, the other is told', async (t) => {
  const rig = await startRig(t)
  const { server } = acceptWebSockets(rig)
  const ada = createBrowser(rig.url)
  await ada.signIn()

  const first = await open(rig, ada.cookieHeader())
  const [appSide] = server.clients
  first.terminate()
  await once(appSide as WebSocket, 'close')
  t.pass('the browser left, the app knows')

  const second = await open(rig, ada.cookieHeader())
  for (const socket of server.clients) socket.terminate()
  await once(second, 'close')
  t.pass('the app left, the browser knows')
})

t.test('sign-out ends the WebSockets of that session', async (t) => {
  const rig = await startRig(t)
  acceptWebSockets(rig)
  const [ada, ben] = [createBrowser(rig.url), createBrowser(rig.url)]
  await Promise.all([ada.signIn('user123'), ben.signIn('rich')])
  const [adas, bens] = await Promise.all([ada, ben].map((browser) => open(rig, browser.cookieHeader()))) as [WebSocket, WebSocket]
  const closed = once(adas, 'close')
  t.equal((await ada.fetch('/oauth2/sign_out', { method: 'POST', headers: { origin: 'https://gw.test' } })).status, 204)
  await closed
  bens.send('still here')
  t.equal(String((await once(bens, 'message'))[0]), 'still here')
  bens.terminate()
})

t.test('a request for another protocol is answered as an ordinary one', async (t) => {
  const rig = await startRig(t)
  const socket = connect(rig.port, '127.0.0.1')
  socket.write('GET /public/x HTTP/1.1\r\nHost: gw.test\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  t.match(answer, /^HTTP\/1\.1 200 /)
  t.strictSame(rig.upstream.valuesOf('upgrade'), [])
  t.strictSame(rig.upstream.valuesOf('http2-settings'), [])
})
