import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { connect as connectSession, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { connect as connectPlain } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { createAuthority } from '../rig/certificates.ts'
import { connectFrames, frame, frameTypes } from '../rig/http2-frames.ts'
import { answerTo } from '../rig/http2.ts'
import { startRig, type Rig, type RigOptions } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

const authority = createAuthority()
const tls = authority.issue('DNS:gw.test', 'IP:127.0.0.1')
const ca = readFileSync(authority.caFile)

function startSecure (t: Parameters<typeof startRig>[0], options: RigOptions = {}, limits: object = {}): Promise<Rig> {
  return startRig(t, { ...options, config: { ...options.config, server: { publicUrl: 'https://gw.test', tls, limits } } })
}

/** A client that verifies the certificate. */
function session (rig: Rig): ClientHttp2Session {
  return connectSession(`https://127.0.0.1:${rig.port}`, { ca, servername: 'gw.test' }).on('error', () => {})
}

const get = (path: string, ...more: readonly string[]): readonly string[] => [':method', 'GET', ':scheme', 'https', ':authority', 'gw.test', ':path', path, ...more]
const post = (path: string, ...more: readonly string[]): readonly string[] => [':method', 'POST', ':scheme', 'https', ':authority', 'gw.test', ':path', path, ...more]

async function handshake (rig: Rig, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port: rig.port, host: '127.0.0.1', ca, servername: 'gw.test', ...options })
  await once(socket, 'secureConnect')
  return socket
}

t.test('HTTP/2 where the client offers it, HTTP/1.1 where it does not, on one port', async (t) => {
  const rig = await startSecure(t)
  for (const [offered, agreed] of [[['h2', 'http/1.1'], 'h2'], [['http/1.1', 'h2'], 'h2'], [['http/1.1'], 'http/1.1'], [[], false]] as const) {
    const socket = await handshake(rig, { ALPNProtocols: [...offered] })
    t.equal(socket.alpnProtocol, agreed, offered.join())
    socket.destroy()
  }
  const socket = await handshake(rig, { ALPNProtocols: ['http/1.1'] })
  socket.write('GET /public/one HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  t.match(answer, /^HTTP\/1\.1 200 /)
  await t.rejects(handshake(rig, { ALPNProtocols: ['spdy/3'] }))
})

t.test('nothing older than TLS 1.2, and no cipher without forward secrecy or authentication', async (t) => {
  const rig = await startSecure(t)
  for (const weak of [{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }, { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES256-SHA' }, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384' }] as const) {
    await t.rejects(handshake(rig, weak), JSON.stringify(weak))
  }
  for (const [good, protocol] of [[{ maxVersion: 'TLSv1.2' }, 'TLSv1.2'], [{ minVersion: 'TLSv1.3' }, 'TLSv1.3']] as const) {
    const socket = await handshake(rig, good)
    t.equal(socket.getProtocol(), protocol)
    socket.destroy()
  }
})

t.test('who speaks no TLS is let go', async (t) => {
  const rig = await startSecure(t)
  const socket = connectPlain({ port: rig.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {}).resume()
  socket.write('GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n')
  await until(async () => await new Promise((resolve) => { rig.gateway.app.server.getConnections((_error, count) => resolve(count === 0)) }))
  socket.destroy()
  t.pass()
})

t.test('a signed-in request over HTTP/2 brings the user to the app', async (t) => {
  const rig = await startSecure(t)
  const ada = rig.newBrowser()
  await ada.signIn()
  const client = session(rig)
  const { status } = await answerTo(client, get('/hello?x=%2F', 'cookie', ada.cookieHeader(), 'x-user-id', '1'))
  client.destroy()
  t.equal(status, 200)
  t.equal(rig.upstream.last().target, '/hello?x=%2F')
  t.strictSame(['Host', 'X-User-Id', 'X-Forwarded-Proto', 'X-Forwarded-For', 'Cookie'].map((name) => rig.upstream.valuesOf(name)), [['gw.test'], ['12345'], ['https'], ['127.0.0.1'], []])
})

t.test('bodies pass byte for byte in both directions, with a length and without', async (t) => {
  const rig = await startSecure(t, { upstream: (request, response, body) => { response.writeHead(200, { 'x-length': request.headers['content-length'] ?? 'none' }).end(body) } })
  const client = session(rig)
  const body = randomBytes(3_000_000)
  for (const [length, fields] of [[String(body.length), ['content-length', String(body.length)]], ['none', []]] as const) {
    const { status, text } = await answerTo(client, post('/public/echo', ...fields), body.toString('latin1'))
    t.equal(status, 200)
    t.match(text, `x-length: ${length}\r\n`)
    t.ok(Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1').equals(body))
  }
  client.destroy()
})

t.test('a request without a body has none at the app', async (t) => {
  const rig = await startSecure(t)
  const client = session(rig)
  for (const fields of [get('/public/a'), post('/public/a'), post('/public/a', 'content-length', '0')]) {
    await answerTo(client, fields)
    t.strictSame(rig.upstream.valuesOf('Transfer-Encoding'), [])
    t.equal(rig.upstream.last().body.length, 0)
  }
  client.destroy()
})

t.test('HEAD, 204 and 304 have no body, and several Set-Cookie stay several', async (t) => {
  const rig = await startSecure(t, {
    upstream: (request, response) => {
      response.writeHead(request.url === '/public/204' ? 204 : request.url === '/public/304' ? 304 : 200, { 'set-cookie': ['a=1', 'b=2'], 'x-a': '1', connection: 'close' })
      response.end()
    }
  })
  const client = session(rig)
  for (const [method, path, status] of [['HEAD', '/public/a', 200], ['GET', '/public/204', 204], ['GET', '/public/304', 304]] as const) {
    const answer = await answerTo(client, [':method', method, ':scheme', 'https', ':authority', 'gw.test', ':path', path])
    t.equal(answer.status, status)
    t.match(answer.text, /set-cookie: a=1\r\nset-cookie: b=2\r\n/)
    t.match(answer.text, /\r\n\r\n$/)
    t.notMatch(answer.text, /connection:/)
  }
  client.destroy()
})

t.test('an event stream over HTTP/2 shows each event as it is sent, and ends with its session', async (t) => {
  let stream: ServerResponse | undefined
  const rig = await startSecure(t, {
    upstream: (request, response) => {
      if (request.url !== '/events') return response.end()
      stream = response
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    }
  })
  const ada = rig.newBrowser()
  await ada.signIn()
  const client = session(rig)
  const events: ClientHttp2Stream = client.request(get('/events', 'cookie', ada.cookieHeader()))
  const [headers] = await once(events, 'response')
  t.equal(headers[':status'], 200, 'the headers are here while the app is silent')
  stream?.write('data: 1\n\n')
  t.equal(String((await once(events, 'data'))[0]), 'data: 1\n\n')
  const ended = once(events, 'error')
  t.equal((await ada.fetch('/oauth2/sign_out', { method: 'POST', headers: { origin: 'https://gw.test' } })).status, 204)
  t.match(await ended, [{ code: 'ERR_HTTP2_STREAM_ERROR' }])
  t.equal((await answerTo(client, get('/public/a'))).status, 200, 'the connection goes on')
  client.destroy()
})

t.test('a WebSocket is opened over HTTP/1.1 on the same port, and told why it ends', async (t) => {
  const rig = await startSecure(t)
  new WebSocketServer({ server: rig.upstream.server }).on('connection', (socket) => { socket.on('message', (data) => socket.send(String(data))) })
  const ada = rig.newBrowser()
  await ada.signIn()
  const socket = new WebSocket(`wss://127.0.0.1:${rig.port}/ws`, { ca, headers: { host: 'gw.test', cookie: ada.cookieHeader() } })
  await once(socket, 'open')
  socket.send('hello')
  t.equal(String((await once(socket, 'message'))[0]), 'hello')
  const closed = once(socket, 'close')
  await ada.fetch('/oauth2/sign_out', { method: 'POST', headers: { origin: 'https://gw.test' } })
  t.equal((await closed)[0], 1008)
})

t.test('an answer before the end of the body ends that stream only', async (t) => {
  const rig = await startSecure(t, {}, { bodyBytes: '64KiB' })
  const client = session(rig)
  const before = rig.upstream.seen.length
  const upload = client.request(post('/public/upload'), { endStream: false }).on('error', () => {})
  upload.write(Buffer.alloc(100_000))
  const [headers] = await once(upload, 'response')
  t.equal(headers[':status'], 413)
  upload.resume()
  await once(upload, 'close')
  t.equal(rig.upstream.seen.length, before)
  t.equal((await answerTo(client, get('/public/a'))).status, 200)
  client.destroy()
})

t.test('a reader that does not read stops the app from sending', async (t) => {
  let sentBytes = 0
  const rig = await startSecure(t, {
    upstream: (_request, response) => {
      const chunk = Buffer.alloc(1 << 20)
      const send = (): void => {
        do sentBytes += chunk.length
        while (response.write(chunk) && sentBytes < 1 << 28)
      }
      response.on('drain', send)
      send()
    }
  })
  const client = session(rig)
  const stream = client.request(get('/public/endless')).on('error', () => {})
  await once(stream, 'response')
  let seen = -1
  await until(async () => {
    if (seen === sentBytes) return true
    seen = sentBytes
    await new Promise((resolve) => setTimeout(resolve, 400))
  })
  t.ok(sentBytes < 1 << 26, `the app could send ${sentBytes} bytes, of 256 MiB, until it had to wait`)
  client.destroy()
})

t.test('when the gateway stops, a request under way is finished and its connection closed', async (t) => {
  const held: ServerResponse[] = []
  const rig = await startSecure(t, { upstream: (_request, response) => { held.push(response) } })
  const client = session(rig)
  const answer = answerTo(client, get('/public/slow'))
  await until(() => held.length === 1)
  const goAway = once(client, 'goaway')
  const closing = rig.gateway.close(10_000)
  await goAway
  held[0]?.end('done')
  t.match(await answer, { status: 200, text: /done$/ })
  await closing
})

t.test('and one that does not end in time is cut', async (t) => {
  const rig = await startSecure(t, { upstream: () => {} })
  const client = session(rig)
  const answer = answerTo(client, get('/public/slow'))
  await until(() => rig.upstream.seen.length === 1)
  await rig.gateway.close(0)
  t.equal((await answer).status, 400, 'reset')
})

t.test('T-146 a connection of HTTP/2 without a request is closed, whatever else it sends', async (t) => {
  const rig = await startSecure(t, {}, { headersTimeout: '1s', idleTimeout: '1s' })
  const pinging = await connectFrames(rig.port)
  const pings = setInterval(() => pinging.send(frame(frameTypes.ping, 0, 0, Buffer.alloc(8))), 100)
  t.after(() => clearInterval(pings))
  await pinging.closed()
  const idle = session(rig)
  t.equal((await answerTo(idle, get('/public/a'))).status, 200)
  await once(idle, 'close')
  t.pass('and one that has had its answers')
})

t.test('T-146 a silent stream keeps its connection, a slow upload does not last for ever', async (t) => {
  const held: ServerResponse[] = []
  const rig = await startSecure(t, {
    upstream: (_request, response) => {
      held.push(response)
      response.writeHead(200).flushHeaders()
    }
  }, { headersTimeout: '1s', idleTimeout: '1s', requestTimeout: '2s' })
  const client = session(rig)
  const silent = client.request(get('/public/silent')).on('error', () => {})
  await once(silent, 'response')
  const slow = client.request(post('/public/slow'), { endStream: false }).on('error', () => {})
  slow.resume().write('x')
  await once(slow, 'close')
  held[0]?.end('still here')
  t.equal(String((await once(silent, 'data'))[0]), 'still here')
  client.destroy()
})
