import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { connectClient, protocols, startRigFor } from '../rig/exchange.ts'

async function socketPath (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-unix-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'app.sock')
}

async function listening (t: Test, path: string, listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(path)
  t.after(() => { server.closeAllConnections(); server.close() })
  await once(server, 'listening')
  return server
}

for (const protocol of protocols) {
  t.test(`${protocol}: an app on a unix socket gets who the user is, the whole body, and one connection for many requests`, async (t) => {
    const path = await socketPath(t)
    const seen: { target: string | undefined, headers: IncomingHttpHeaders, connection: unknown }[] = []
    await listening(t, path, (request, response) => {
      seen.push({ target: request.url, headers: request.headers, connection: request.socket })
      request.pipe(response)
    })
    const rig = await startRigFor(t, protocol, { config: { routes: [{ path: '/', upstream: `unix:${path}` }, { path: '/own', upstream: `unix:${path}`, preserveHost: false }] } })
    const ada = rig.newBrowser()
    await ada.signIn()
    const client = connectClient(t, protocol, rig.port)
    seen.length = 0
    for (const length of [1, 1_000_000]) {
      const body = randomBytes(length)
      const exchange = client.ask('/upload?x=%2F', { method: 'POST', hasBody: true, headers: { cookie: ada.cookieHeader(), 'x-user-id': '1' } })
      exchange.upload.end(body)
      t.ok((await exchange.read()).body.equals(body))
    }
    t.equal((await client.ask('/own', { headers: { cookie: ada.cookieHeader() } }).head).status, 200)
    t.match(seen[0], { target: '/upload?x=%2F', headers: { host: 'gw.test', 'x-user-id': '12345', 'x-forwarded-for': '127.0.0.1' } })
    t.equal(seen[1]?.connection, seen[0]?.connection, 'kept alive')
    t.equal(seen[2]?.headers.host, 'localhost')
  })

  t.test(`${protocol}: a unix socket where nobody listens is a 502 that does not tell its path, and is used as soon as somebody does`, async (t) => {
    const path = await socketPath(t)
    const rig = await startRigFor(t, protocol, { config: { routes: [{ path: '/', upstream: `unix:${path}`, access: 'anyone' }] } })
    const client = connectClient(t, protocol, rig.port)
    const exchange = client.ask('/a')
    t.equal((await exchange.head).status, 502)
    const text = (await exchange.read()).body.toString()
    t.match(text, /"upstream_unreachable"/)
    t.notMatch(text, /app\.sock|ENOENT/)
    t.match(rig.logged(), /ENOENT/, 'the log knows')
    await listening(t, path, (_request, response) => response.end('here'))
    t.equal((await client.ask('/a').read()).body.toString(), 'here')
  })
}

t.test('a WebSocket to an app on a unix socket: messages both ways, who the user is, and 1008 when the session ends', async (t) => {
  const path = await socketPath(t)
  const server = await listening(t, path, (_request, response) => response.end())
  const opened: IncomingHttpHeaders[] = []
  const closed: Promise<unknown[]>[] = []
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    opened.push(request.headers)
    closed.push(once(socket, 'close'))
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  const rig = await startRigFor(t, 'HTTP/1.1', { config: { routes: [{ path: '/', upstream: `unix:${path}` }] } })
  const ada = rig.newBrowser()
  await ada.signIn()
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/ws`, { headers: { host: 'gw.test', cookie: ada.cookieHeader() } })
  await once(socket, 'open')
  t.match(opened[0], { 'x-user-id': '12345', host: 'gw.test' })
  for (const message of ['text', Buffer.alloc(300_000, 1)]) {
    socket.send(message)
    const [echoed] = await once(socket, 'message') as [Buffer]
    t.ok(echoed.equals(Buffer.from(message)))
  }
  const ended = once(socket, 'close')
  await ada.fetch('/oauth2/sign_out', { method: 'POST', headers: { origin: 'https://gw.test' } })
  t.equal((await ended)[0], 1008)
  t.equal((await closed[0])?.[0], 1008, 'and the app is told too')
})
