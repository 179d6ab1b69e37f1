import { once } from 'node:events'
import type { Socket } from 'node:net'
import t from 'tap'
import { WebSocket } from 'ws'
import { startServed } from '../reload/served.ts'
import { startApp } from '../rig/app.ts'
import { connectClient, protocols, startGatewayBefore, startRigFor } from '../rig/exchange.ts'
import { get, sendRaw } from '../rig/raw.ts'
import { until } from '../rig/until.ts'
import { bodyOf, startRawUpstream } from '../security/attack.ts'

const final = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Final: 1\r\n\r\nok'
const interim = (...lines: readonly string[]): string => ['HTTP/1.1 103 Early Hints', ...lines, '', ''].join('\r\n')

for (const protocol of protocols) {
  t.test(`${protocol}: early hints are there before the answer, and it is as the app gave it`, async (t) => {
    const asked: Socket[] = []
    const app = await startRawUpstream(t, (socket) => {
      asked.push(socket)
      socket.write(interim('Link: </a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script', 'Link: <https://cdn.test/,;>; rel=preconnect'))
    })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/a')
    await until(() => exchange.interim.length === 1)
    t.equal(exchange.interim[0]?.status, 103)
    t.strictSame({ ...exchange.interim[0]?.headers }, { link: '</a.css>; rel=preload; as=style, </b.js>; rel=preload; as=script, <https://cdn.test/,;>; rel=preconnect' })
    asked[0]?.write(final)
    const { status, headers } = await exchange.head
    t.strictSame([status, headers['x-final'], headers['link']], [200, '1', undefined])
    t.equal((await exchange.read()).body.toString(), 'ok')
    t.equal(app.requests.length, 1)
  })

  t.test(`${protocol}: T-140 S-12 an early hint carries links and nothing else: no cookie of ours, no identity`, async (t) => {
    const app = await startRawUpstream(t, (socket) => {
      socket.write(interim('Set-Cookie: __Host-aihubmix=evil', 'Set-Cookie: a=1', 'X-User-Id: 1', 'Link: </a>; rel=preload', 'Location: https://evil.test/', 'Content-Type: text/html') + final)
    })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/a')
    t.equal((await exchange.head).headers['set-cookie'], undefined, 'nor does it come with the answer')
    t.equal((await exchange.read()).body.toString(), 'ok')
    t.strictSame(exchange.interim.map(({ status, headers }) => [status, { ...headers }]), [[103, { link: '</a>; rel=preload' }]])
  })

  t.test(`${protocol}: of a thousand hints the first passes, and links that are none do not`, async (t) => {
    const app = await startRawUpstream(t, (socket) => {
      socket.write(interim() + interim('Link: nonsense') + interim('Link: <') + interim(`Link: <a>${';='.repeat(2_000)}"`) + interim('Link: <javascript:alert(1)>; title="a b", </good>; rel="preload"') + interim('Link: </late>; rel=preload').repeat(1_000) + final)
    })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/a')
    t.equal((await exchange.head).status, 200)
    t.equal((await exchange.read()).body.toString(), 'ok')
    t.strictSame(exchange.interim.map(({ headers }) => headers['link']), ['</good>; rel="preload"'])
  })

  t.test(`${protocol}: any other interim answer ends at the gateway`, async (t) => {
    const app = await startRawUpstream(t, (socket) => { socket.write('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 104 Odd\r\nSet-Cookie: __Host-aihubmix=evil\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n' + final) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/a')
    t.equal((await exchange.head).status, 200)
    t.equal((await exchange.read()).body.toString(), 'ok')
    t.strictSame(exchange.interim, [])
  })

  t.test(`${protocol}: an app that hints and then fails is a 502 all the same, and is asked once`, async (t) => {
    const app = await startRawUpstream(t, (socket) => { socket.end(interim('Link: </a>; rel=preload')) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/a')
    t.equal((await exchange.head).status, 502)
    t.match(JSON.parse((await exchange.read()).body.toString()), { error: /^upstream_/ })
    t.equal(app.requests.length, 1)
  })

  for (const [what, bytes] of [['100', 'HTTP/1.1 100 Continue\r\n\r\n'], ['101', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n']] as const) {
    t.test(`${protocol}: a ${what} that nobody asked for opens nothing: 502, and nothing of it is passed on`, async (t) => {
      const app = await startRawUpstream(t, (socket) => { socket.write(bytes + final) })
      const { client } = await startGatewayBefore(t, protocol, app.url)
      const exchange = client.ask('/a')
      t.equal((await exchange.head).status, 502)
      t.strictSame(exchange.interim, [])
      t.equal(app.requests.length, 1)
    })
  }

  t.test(`${protocol}: T-54 who expects 100 hears it when the body is wanted, and the app gets the body without the expectation`, async (t) => {
    const asked: string[] = []
    const app = await startApp(t, (request, response) => {
      asked.push(`${request.method} ${request.headers.expect}`)
      let bytes = 0
      request.on('data', (chunk: Buffer) => { bytes += chunk.length }).on('end', () => response.end(String(bytes)))
    })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/upload', { method: 'PUT', hasBody: true, headers: { expect: '100-continue', 'content-length': '2000000' } })
    const invited = protocol === 'HTTP/2' ? until(() => exchange.interim.some(({ status }) => status === 100)) : once(exchange.upload, 'continue')
    await invited
    exchange.upload.end(Buffer.alloc(2_000_000))
    t.equal((await exchange.head).status, 200)
    t.equal((await exchange.read()).body.toString(), '2000000')
    t.strictSame(asked, ['PUT undefined'])
    t.equal(exchange.interim.filter(({ status }) => status === 100).length, 1, 'once')
  })

  t.test(`${protocol}: T-54 who is refused is not asked for the body, and the app hears nothing`, async (t) => {
    const rig = await startRigFor(t, protocol, { config: { server: { publicUrl: 'https://gw.test', limits: { bodyBytes: '1KiB' } } } })
    const client = connectClient(t, protocol, rig.port)
    for (const [path, length, status] of [['/a', '1000', 401], ['/public/a', '1000000', 413], ['/oauth2/unknown', '1000', 404]] as const) {
      const exchange = client.ask(path, { method: 'PUT', hasBody: true, headers: { expect: '100-continue', 'content-length': length } })
      t.equal((await exchange.head).status, status, path)
      t.strictSame(exchange.interim, [], 'no 100')
      exchange.leave()
    }
    t.strictSame(rig.upstream.seen, [])
  })

  t.test(`${protocol}: T-54 any other expectation is a 417, and the app hears nothing`, async (t) => {
    const rig = await startRigFor(t, protocol)
    const client = connectClient(t, protocol, rig.port)
    for (const expect of ['foo', '100-continue, foo', '200-ok']) {
      const exchange = client.ask('/public/a', { method: 'POST', headers: { expect } })
      t.equal((await exchange.head).status, 417, expect)
      t.match((await exchange.read()).body.toString(), 'expectation_failed')
    }
    t.strictSame(rig.upstream.seen, [])
  })
}

t.test('HTTP/1.0 knows no interim answers, neither hints nor 100 (RFC 9110 §15.2)', async (t) => {
  const app = await startRawUpstream(t, (socket) => { socket.write(interim('Link: </a>; rel=preload') + final) })
  const { port } = await startGatewayBefore(t, 'HTTP/1.1', app.url)
  for (const bytes of ['GET /a HTTP/1.0\r\nHost: gw.test\r\n\r\n', 'POST /a HTTP/1.0\r\nHost: gw.test\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx']) {
    const { text } = await sendRaw(port, bytes)
    t.match(text, /^HTTP\/1\.1 200 /)
    t.equal(bodyOf(text), 'ok')
  }
})

t.test('hints of an app that is asked for a WebSocket do not come between: the first the client hears is 101, or the refusal', async (t) => {
  const app = await startRawUpstream(t, (socket) => { socket.write(interim('Link: </a>; rel=preload') + 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno') })
  const { port } = await startGatewayBefore(t, 'HTTP/1.1', app.url)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host: 'gw.test' } })
  const [request, response] = await once(socket, 'unexpected-response')
  t.equal(response.statusCode, 403)
  request.destroy()
  const { text } = await sendRaw(port, get('/ws', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']))
  t.match(text, /^HTTP\/1\.1 403 /)
})

t.test('the program itself asks for a body once, and not at all of who is refused', async (t) => {
  const served = await startServed(t)
  const upload = (path: string): string => `PUT ${path} HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc`
  t.match((await sendRaw(served.port, upload('/public/a'))).text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
  t.match((await sendRaw(served.port, upload('/a'))).text, /^HTTP\/1\.1 401 /)
  t.strictSame(served.upstream.seen.map(({ target, body }) => [target, body.toString()]), [['/public/a', 'abc']])
})
