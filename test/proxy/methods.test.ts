import { once } from 'node:events'
import { METHODS } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { connectClient, protocols, startRigFor } from '../rig/exchange.ts'
import { until } from '../rig/until.ts'

/** CONNECT asks for a tunnel and TRACE shows a script what the browser hides from it: neither is forwarded. */
const forwarded = METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE')

for (const protocol of protocols) {
  t.test(`${protocol}: every method there is reaches the app under its name, without a body and with one`, async (t) => {
    const rig = await startRigFor(t, protocol)
    const client = connectClient(t, protocol, rig.port)
    t.ok(forwarded.length > 30 && ['M-SEARCH', 'PROPFIND', 'PURGE', 'QUERY', 'GET', 'HEAD', 'DELETE'].every((method) => forwarded.includes(method)))
    for (const method of forwarded) {
      for (const [body, length] of [['', null], ['abc', '3'], ['abc', null]] as const) {
        const exchange = client.ask(`/public/a?${method}`, { method, hasBody: body !== '', headers: length === null ? {} : { 'content-length': length } })
        if (body !== '') exchange.upload.end(body)
        t.equal((await exchange.head).status, 200, method)
        t.ok((await exchange.read()).isWhole)
        const seen = rig.upstream.last()
        t.strictSame([seen.method, seen.target, seen.body.toString()], [method, `/public/a?${method}`, body])
        // A short body of an unknown length may be known whole before it is sent on.
        const framing = [...rig.upstream.valuesOf('Content-Length'), ...rig.upstream.valuesOf('Transfer-Encoding')]
        if (body !== '') t.match(framing.join(), length === null ? /^(3|chunked)$/ : /^3$/, method)
      }
    }
    t.equal(rig.upstream.seen.length, forwarded.length * 3, 'each once')
  })

  t.test(`${protocol}: T-30 S-17 S-19 OPTIONS *, CONNECT, TRACE and a method nobody knows are refused, and the app hears nothing`, async (t) => {
    const rig = await startRigFor(t, protocol)
    const client = connectClient(t, protocol, rig.port)
    for (const [method, path, statuses] of [['OPTIONS', '*', [400]], ['TRACE', '/public/a', [405]], ['FOO', '/public/a', [400]], ['M-SEARCH', '*', [400]]] as const) {
      const outcome = await client.ask(path, { method }).head.then(({ status }) => status, () => 400)
      t.ok((statuses as readonly number[]).includes(outcome), `${method} ${path}: ${outcome}`)
    }
    t.strictSame(rig.upstream.seen, [])
  })

  t.test(`${protocol}: the length that HEAD tells of stays, no body follows, and the connection goes on`, async (t) => {
    const rig = await startRigFor(t, protocol, {
      upstream: (request, response) => {
        if (request.url === '/public/chunked') response.writeHead(200, { 'transfer-encoding': 'chunked' }).end()
        else response.writeHead(request.url === '/public/304' ? 304 : 200, { 'content-length': '123456', etag: '"1"' }).end()
      }
    })
    const client = connectClient(t, protocol, rig.port)
    for (const [method, path, length] of [['HEAD', '/public/a', '123456'], ['HEAD', '/public/chunked', undefined], ['GET', '/public/304', '123456']] as const) {
      const exchange = client.ask(path, { method })
      const { headers } = await exchange.head
      t.equal(headers['content-length'], length, path)
      const { body, isWhole } = await exchange.read()
      t.strictSame([body.length, isWhole], [0, true], path)
    }
    t.strictSame(rig.upstream.seen.map(({ method }) => method), ['HEAD', 'HEAD', 'GET'])
  })
}

t.test('over HTTP/1.1 the connection that carried HEAD carries the next request, whose answer is its own', async (t) => {
  const rig = await startRigFor(t, 'HTTP/1.1', {
    upstream: (request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { 'content-length': '5' }).end()
      else response.end('after')
    }
  })
  const socket = connect(rig.port, '127.0.0.1').setEncoding('latin1')
  let text = ''
  socket.on('data', (chunk: string) => { text += chunk })
  socket.write('HEAD /public/a HTTP/1.1\r\nHost: gw.test\r\n\r\n')
  await until(() => text.endsWith('\r\n\r\n'))
  t.match(text, /content-length: 5\r\n/i)
  socket.write('GET /public/b HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n')
  await once(socket, 'close')
  t.match(text, /HTTP\/1\.1 200 [^]*\r\n\r\nHTTP\/1\.1 200 [^]*after/)
})

for (const protocol of protocols) {
  t.test(`${protocol}: T-49 a request in the body of GET, HEAD and DELETE stays a body, and the app's connection is used for nothing else`, async (t) => {
    const rig = await startRigFor(t, protocol)
    const client = connectClient(t, protocol, rig.port)
    const body = 'GET /smuggled HTTP/1.1\r\nHost: gw.test\r\nX-User-Id: 1\r\n\r\n'
    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'QUERY']) {
      for (const headers of [{}, { 'content-length': String(body.length) }] as const) {
        const exchange = client.ask('/public/a', { method, hasBody: true, headers })
        exchange.upload.end(body)
        t.equal((await exchange.head).status, 200, method)
        await exchange.read()
        t.equal(rig.upstream.last().body.toString(), body)
      }
    }
    t.strictSame(new Set(rig.upstream.seen.map(({ target }) => target)), new Set(['/public/a']))
  })
}
