import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { startServed } from '../reload/served.ts'
import { protocols, startGatewayBefore } from '../rig/exchange.ts'
import { startRig, type Rig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { startUpstream } from '../rig/upstream.ts'
import { bodyOf, startRawUpstream } from '../security/attack.ts'

/** A client that says its bytes, closes its side, and listens on. Resolves when the gateway has seen that side close. */
async function halfClosed (t: Test, rig: Pick<Rig, 'port' | 'gateway'>, bytes: string): Promise<{ readonly socket: Socket, text (): string }> {
  const { promise: heard, resolve } = Promise.withResolvers<void>()
  rig.gateway.app.server.once('connection', (socket: Socket) => { socket.once('end', () => resolve()) })
  const socket = connect({ port: rig.port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('latin1').on('error', () => {})
  t.after(() => socket.destroy())
  let text = ''
  socket.on('data', (chunk: string) => { text += chunk })
  socket.end(bytes)
  await heard
  return { socket, text: () => text }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n\r\n`

t.test('a client that closes its side behind its request still gets the answer, and then the end', async (t) => {
  const waiting: ServerResponse[] = []
  const rig = await startRig(t, { upstream: (_request, response) => { waiting.push(response) } })
  for (const bytes of [get('/public/a'), 'POST /public/a HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 3\r\n\r\nabc', 'POST /public/a HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n']) {
    const { socket, text } = await halfClosed(t, rig, bytes)
    await until(() => waiting.length === 1)
    waiting.pop()?.end('the answer')
    await once(socket, 'close')
    t.match(text(), /^HTTP\/1\.1 200 /)
    t.match(bodyOf(text()), 'the answer')
  }
})

t.test('and so does one that has pipelined two', async (t) => {
  const rig = await startRig(t)
  const { socket, text } = await halfClosed(t, rig, get('/public/a') + get('/public/b'))
  await once(socket, 'close')
  t.match(text(), /"target":"\/public\/a"[^]*"target":"\/public\/b"/)
  t.equal(text().split('HTTP/1.1 200 ').length, 3)
})

t.test('an answer that takes longer than a second of silence to read is whole for a client that closed its side', async (t) => {
  const rig = await startRig(t, { upstream: (_request, response) => response.end(Buffer.alloc(30_000_000, 'x')) })
  const socket = connect({ port: rig.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  t.after(() => socket.destroy())
  let receivedBytes = 0
  socket.end(get('/public/a'))
  await once(socket, 'readable') // it has begun, and nobody reads on
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  socket.on('data', (chunk: Buffer) => { receivedBytes += chunk.length })
  await once(socket, 'close')
  t.ok(receivedBytes > 30_000_000, `${receivedBytes} bytes`)
})

t.test('S-08 one that has left looks the same and is waited for no longer than a second: then the app hears that it has gone', async (t) => {
  const left: ServerResponse[] = []
  const rig = await startRig(t, {
    upstream: (request, response) => {
      response.once('close', () => left.push(response))
      if (request.url === '/public/begun') response.writeHead(200).flushHeaders()
    }
  })
  for (const path of ['/public/silent', '/public/begun']) {
    const asked = rig.upstream.seen.length
    const socket = connect(rig.port, '127.0.0.1').on('error', () => {})
    socket.write(get(path))
    await until(() => rig.upstream.seen.length > asked)
    socket.destroy()
    await until(() => left.length > asked)
  }
  t.equal(left.length, 2)
})

t.test('a client that closes its side within its body has sent no whole request', async (t) => {
  const rig = await startRig(t)
  for (const bytes of ['POST /public/a HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 10\r\n\r\nabc', 'POST /public/a HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'GET /public/a HTTP/1.1\r\nHost: gw']) {
    const { socket, text } = await halfClosed(t, rig, bytes)
    if (!socket.closed) await once(socket, 'close')
    t.notMatch(text(), /^HTTP\/1\.1 2/)
  }
  t.strictSame(rig.upstream.seen, [])
})

const untilClosed = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'

for (const protocol of protocols) {
  t.test(`${protocol}: an answer that ends with the app's side of the connection is whole`, async (t) => {
    const app = await startRawUpstream(t, (socket) => { socket.end(`${untilClosed}whole`) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const { body, isWhole } = await client.ask('/a').read()
    t.strictSame([body.toString(), isWhole], ['whole', true])
  })

  t.test(`${protocol}: T-148 one that ends with a reset is cut: nobody knows what was missing`, async (t) => {
    const sockets: Socket[] = []
    const app = await startRawUpstream(t, (socket) => {
      sockets.push(socket)
      socket.write(`${untilClosed}half`)
    })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/a')
    t.equal(String((await once(await exchange.answer, 'data'))[0]), 'half')
    sockets[0]?.resetAndDestroy()
    t.equal((await exchange.read()).isWhole, false)
  })

  for (const [what, head] of [['of a told length', 'Content-Length: 1000\r\n\r\nhalf'], ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n']] as const) {
    for (const ending of ['end', 'resetAndDestroy'] as const) {
      t.test(`${protocol}: T-148 a body ${what} that the app leaves half-way (${ending}) is cut at the client too`, async (t) => {
        const sockets: Socket[] = []
        const app = await startRawUpstream(t, (socket) => {
          sockets.push(socket)
          socket.write(`HTTP/1.1 200 OK\r\n${head}`)
        })
        const { client } = await startGatewayBefore(t, protocol, app.url)
        const exchange = client.ask('/a')
        const answer = await exchange.answer
        t.equal(String((await once(answer, 'data'))[0]), 'half')
        sockets[0]?.[ending]()
        t.equal((await exchange.read()).isWhole, false)
        t.equal(app.requests.length, 1)
      })
    }
  }

  t.test(`${protocol}: an app that closes its side without an answer is a 502, and is asked once`, async (t) => {
    const app = await startRawUpstream(t, (socket) => { socket.end() })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/a', { method: 'POST', hasBody: true })
    exchange.upload.write('x')
    t.equal((await exchange.head).status, 502)
    t.ok((await exchange.read()).isWhole)
    t.equal(app.requests.length, 1)
  })

  t.test(`${protocol}: an app that answers before the end of the upload, and closes: the client has the whole answer, and goes on elsewhere`, async (t) => {
    let gotBytes = 0
    const app = await startRawUpstream(t, (socket, head) => {
      socket.on('data', (chunk) => { gotBytes += chunk.length })
      if (head.startsWith('POST')) socket.end('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 9\r\n\r\ntoo large')
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const wholeBytes = 50_000_000
    const exchange = client.ask('/upload', { method: 'POST', hasBody: true, headers: { 'content-length': String(wholeBytes) } })
    const chunk = Buffer.alloc(100_000)
    let sentBytes = 0
    const send = (): void => {
      while (sentBytes < wholeBytes && !exchange.upload.destroyed) {
        sentBytes += chunk.length
        if (!exchange.upload.write(chunk)) { exchange.upload.once('drain', send); return }
      }
    }
    send()
    t.equal((await exchange.head).status, 413)
    t.equal((await exchange.read()).body.toString(), 'too large')
    t.ok(gotBytes < wholeBytes)
    exchange.leave()
    t.equal((await client.ask('/next').read()).body.toString(), 'ok')
    t.equal(app.requests.filter((head) => head.startsWith('POST')).length, 1)
  })
}

const smuggled = 'GET /public/smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n'

for (const [who, path, limits, status] of [['the gateway, for want of a session,', '/a', {}, 401], ['the gateway, for its size,', '/public/a', { bodyBytes: '1KiB' }, 413], ['the app', '/early', {}, 403]] as const) {
  t.test(`whom ${who} answers early over HTTP/1.1 reads the answer to its end, though he sends on: no reset overtakes it, and nothing behind it is a request (RFC 9112 §9.6)`, async (t) => {
    const early = await startRawUpstream(t, (socket) => { socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\n{"error":""}') })
    const app = await startUpstream()
    t.after(() => app.close())
    const rig = await startRig(t, { config: { server: { publicUrl: 'https://gw.test', limits }, routes: [{ path: '/', upstream: app.url }, { path: '/public', upstream: app.url, access: 'anyone' }, { path: '/early', upstream: early.url, access: 'anyone' }] } })
    const socket = connect({ port: rig.port, host: '127.0.0.1', allowHalfOpen: true })
    const errors: Error[] = []
    let text = ''
    socket.setEncoding('latin1').on('error', (error) => errors.push(error)).on('data', (chunk: string) => { text += chunk })
    // The first thousand of these are the body; what follows would be requests on a connection that is still read.
    socket.write(`POST ${path} HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${smuggled.length * 1_000}\r\n\r\n${smuggled}`)
    await until(() => text.endsWith('}'))
    socket.write(smuggled.repeat(999))
    for (let times = 0; times < 10; times++) await new Promise((resolve) => { socket.write(smuggled.repeat(1_000), resolve) })
    await new Promise((resolve) => setTimeout(resolve, 500)) // time enough for a request to reach the app
    socket.end()
    await until(() => socket.closed)
    t.strictSame(errors, [], 'nothing that was sent came back as a reset')
    t.match(text, new RegExp(`^HTTP/1\\.1 ${status} `))
    t.equal(text.split('HTTP/1.1 ').length, 2, 'one answer')
    t.match(bodyOf(text), /"error":/)
    t.strictSame(app.seen, [], 'and none of it was a request')
    t.ok(early.requests.length <= 1)
  })
}

t.test('who never stops sending after an early answer is let go in time', async (t) => {
  const rig = await startRig(t)
  const socket = connect({ port: rig.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  t.after(() => socket.destroy())
  socket.write('POST /a HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 100000000\r\n\r\n')
  await once(socket, 'data')
  const dripping = setInterval(() => { if (socket.writable) socket.write('x') }, 50)
  t.after(() => clearInterval(dripping))
  await until(async () => await new Promise((resolve) => { rig.gateway.app.server.getConnections((_error, count) => resolve(count === 0)) }))
  t.pass()
})

t.test('the program itself answers a client that closed its side, long after it did', async (t) => {
  const waiting: ServerResponse[] = []
  const served = await startServed(t, { upstream: (_request, response) => { waiting.push(response) } })
  const socket = connect({ port: served.port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('latin1').on('error', () => {})
  t.after(() => socket.destroy())
  let text = ''
  socket.on('data', (chunk: string) => { text += chunk })
  socket.end(get('/public/a'))
  await until(() => waiting.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 200)) // its end is with its request; Node would have closed by now
  waiting[0]?.end('the answer')
  await once(socket, 'close')
  t.match(text, /^HTTP\/1\.1 200 [^]*the answer/)
})
