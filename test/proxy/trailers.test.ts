import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { startApp } from '../rig/app.ts'
import { protocols, startGatewayBefore } from '../rig/exchange.ts'
import { sendRaw } from '../rig/raw.ts'
import { startRawUpstream } from '../security/attack.ts'

/** A chunked answer with exactly these lines behind its body. */
const withTrailers = (...lines: readonly string[]): Buffer =>
  Buffer.from(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'X-Kept: header', '', '4', 'body', '0', ...lines, '', ''].join('\r\n'), 'latin1')

for (const protocol of protocols) {
  t.test(`${protocol}: trailers of the app reach a client that takes them, as trailers`, async (t) => {
    const app = await startApp(t, (request, response) => {
      response.writeHead(200, { trailer: 'X-Sum, Server-Timing, Grpc-Status', 'x-te': request.headers['te'] ?? 'none' }).write('body')
      response.addTrailers([['X-Sum', '1'], ['Server-Timing', 'db;dur=53'], ['X-Sum', '2'], ['Grpc-Status', '0'], ['Content-Digest', 'sha-256=:x:']])
      response.end()
    })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/a', { headers: { te: 'trailers' } })
    const { headers } = await exchange.head
    t.equal(headers['x-te'], 'trailers', 'and the app knows that they will not be dropped')
    for (const name of ['x-sum', 'server-timing', 'grpc-status', 'content-digest']) t.equal(headers[name], undefined, `${name} is no header`)
    const { body, isWhole, trailers } = await exchange.read()
    t.strictSame([body.toString(), isWhole], ['body', true])
    t.strictSame({ ...trailers }, { 'x-sum': '1, 2', 'server-timing': 'db;dur=53', 'grpc-status': '0', 'content-digest': 'sha-256=:x:' })
  })

  t.test(`${protocol}: a client that did not ask for trailers gets none, and the whole body`, async (t) => {
    const app = await startRawUpstream(t, (socket) => { socket.write(withTrailers('X-Sum: 1')) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    for (const headers of [{}, { te: 'trailers' }] as const) {
      const exchange = client.ask('/a', { headers })
      t.equal((await exchange.head).headers['x-sum'], undefined)
      const { body, isWhole, trailers } = await exchange.read()
      t.strictSame([body.toString(), isWhole, { ...trailers }], ['body', true, 'te' in headers ? { 'x-sum': '1' } : {}])
    }
    t.notMatch(app.requests[0], /\r\nte:/i, 'and the app was not told that it takes them')
  })

  t.test(`${protocol}: T-140 T-11 what decides something before the body ends is no trailer: cookies, identity, framing, caching, rights of a page`, async (t) => {
    const refused = [
      'Set-Cookie', 'Cookie', 'X-User-Id', 'x-user-email', 'X-User-Assertion', 'X-User-Balance-Low', 'Trailer', 'TE', 'Connection', 'Keep-Alive', 'Upgrade', 'Host', 'Expect', 'Max-Forwards',
      'Content-Type', 'Content-Encoding', 'Content-Range', 'Content-Disposition', 'Authorization', 'WWW-Authenticate', 'Proxy-Authenticate', 'Cache-Control', 'Expires', 'Age', 'Vary', 'Location', 'Refresh', 'Retry-After',
      'Access-Control-Allow-Origin', 'Content-Security-Policy', 'Strict-Transport-Security', 'Clear-Site-Data', 'X-Frame-Options', 'Cross-Origin-Opener-Policy', 'Link', 'If-Match', 'Range', 'X-Forwarded-For'
    ].map((name) => `${name}: __Host-aihubmix=smuggled`)
    const app = await startRawUpstream(t, (socket) => { socket.write(withTrailers(...refused, 'X-Kept: trailer', 'constructor: 1', '__proto__: 2')) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/a', { headers: { te: 'trailers' } })
    const { headers } = await exchange.head
    t.equal(headers['x-kept'], 'header', 'and none is merged into a header of its name')
    t.notMatch(JSON.stringify(headers), 'smuggled')
    const { isWhole, trailers } = await exchange.read()
    t.ok(isWhole)
    t.strictSame(Object.keys(trailers).toSorted(), ['__proto__', 'constructor', 'x-kept'].filter((name) => Object.hasOwn(trailers, name)).toSorted())
    t.equal(trailers['x-kept'], 'trailer')
  })

  t.test(`${protocol}: a trailer twice that may stand once breaks no answer`, async (t) => {
    const app = await startRawUpstream(t, (socket) => { socket.write(withTrailers('ETag: "1"', 'ETag: "2"', 'Last-Modified: x', 'Last-Modified: y')) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    for (let times = 0; times < 2; times++) {
      const { body, isWhole, trailers } = await client.ask('/a', { headers: { te: 'trailers' } }).read()
      t.strictSame([body.toString(), isWhole], ['body', true])
      t.match(trailers, { etag: '"1"' })
    }
  })

  t.test(`${protocol}: trailers larger than headers may be are cut, like headers that are`, async (t) => {
    const app = await startRawUpstream(t, (socket) => { socket.write(withTrailers(...Array.from({ length: 1_000 }, (_value, index) => `X-${index}: ${'x'.repeat(1_000)}`))) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    t.equal((await client.ask('/a', { headers: { te: 'trailers' } }).read()).isWhole, false)
  })

  t.test(`${protocol}: T-11 trailers of a request end at the gateway: they become neither headers nor trailers, and the body is whole`, async (t) => {
    const seen: { request: IncomingMessage, body: string }[] = []
    const app = await startApp(t, (request, response) => {
      let body = ''
      request.setEncoding('latin1').on('data', (chunk: string) => { body += chunk }).on('end', () => {
        seen.push({ request, body })
        response.end()
      })
    })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/upload', { method: 'POST', hasBody: true, trailers: { 'X-User-Id': '1', 'X-Sum': '2' } })
    exchange.upload.end('abc')
    t.equal((await exchange.head).status, 200)
    const { request, body } = seen[0] ?? {}
    t.equal(body, 'abc')
    t.strictSame(request?.rawTrailers, [])
    t.notMatch(request?.rawHeaders.join('|'), /x-user-id|x-sum|trailer/i)
  })

  t.test(`${protocol}: an answer without a body announces trailers and has none`, async (t) => {
    const app = await startRawUpstream(t, (socket) => { socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n') })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/a', { method: 'HEAD', headers: { te: 'trailers' } })
    t.equal((await exchange.head).status, 200)
    t.equal((await exchange.read()).isWhole, true)
  })
}

t.test('HTTP/1.0 knows no chunks, and so no trailers', async (t) => {
  const app = await startRawUpstream(t, (socket) => { socket.write(withTrailers('X-Sum: 1')) })
  const { port } = await startGatewayBefore(t, 'HTTP/1.1', app.url)
  const { status, text } = await sendRaw(port, 'GET /a HTTP/1.0\r\nHost: gw.test\r\nTE: trailers\r\n\r\n')
  t.equal(status, 200)
  t.match(text, /\r\n\r\nbody$/)
  t.notMatch(text, /x-sum/i)
})

t.test('a trailer section as it stands on the wire: behind the last chunk, and nowhere else', async (t) => {
  const app = await startRawUpstream(t, (socket) => { socket.write(withTrailers('X-Sum: 1', 'Set-Cookie: __Host-aihubmix=evil', 'X-Sum: 2')) })
  const { port } = await startGatewayBefore(t, 'HTTP/1.1', app.url)
  const { text } = await sendRaw(port, 'GET /a HTTP/1.1\r\nHost: gw.test\r\nTE: trailers\r\nConnection: close\r\n\r\n')
  t.match(text, /\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n$/)
  t.notMatch(text, /set-cookie/i)
})
