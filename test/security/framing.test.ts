import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { attackOn, bodyOf, cookieLine, isLoginRequired, isRefused, message } from './attack.ts'

// Whoever waits for more than was sent is let go soon.
const rig = await startRig(t, { config: { server: { publicUrl: 'https://gw.test', limits: { idleTimeout: '1s', requestTimeout: '2s' } } } })
const attack = attackOn(rig)
const signedIn = await cookieLine(rig)

/** A second request that must never come to be. */
const smuggled = 'GET /admin2 HTTP/1.1\r\nHost: gw.test\r\n\r\n'

/** A request whose connection would stay open: whatever follows is the next request, if a reader sees one. */
function open (lines: readonly string[], body: string, method = 'POST'): string {
  return [`${method} /a HTTP/1.1`, 'Host: gw.test', signedIn, ...lines, '', body].join('\r\n')
}

/** The server may keep the connection open after what it could read: a last request ends it. */
const goodbye = 'GET /bye HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n'

for (const lines of [['Content-Length: 6', 'Transfer-Encoding: chunked'], ['Transfer-Encoding: chunked', 'Content-Length: 6'], ['Content-Length: 0', 'Transfer-Encoding: chunked'], ['content-length: 6', 'TRANSFER-ENCODING: CHUNKED']]) {
  t.test(`T-41 ${lines.join(' + ')} is refused and the connection closed`, async (t) => {
    const { status, hits, text } = await attack(open(lines, '0\r\n\r\nG' + smuggled))
    t.equal(status, 400)
    t.strictSame(hits, [])
    t.equal(text.split('HTTP/1.1 ').length, 2, 'one answer')
  })
}

const encodings = ['chunked, chunked', 'chunked, identity', 'identity, chunked', 'xchunked', 'chunkedx', 'chunked;a', 'chunked ;q=1', 'identity', 'gzip', 'gzip, chunked', '"chunked"', 'chunked,', ',chunked', '', '\x0bchunked', 'c hunked', '\tchunked', ' \t chunked \t']
for (const encoding of encodings) {
  t.test(`T-42 "Transfer-Encoding: ${JSON.stringify(encoding).slice(1, -1)}" never makes two requests`, async (t) => {
    const { seen, hits } = await attack(open([`Transfer-Encoding: ${encoding}`], `0\r\n\r\n${smuggled}${goodbye}`))
    t.ok(hits.length <= 1, hits.join())
    for (const request of seen) t.notMatch(rig.upstream.valuesOf('Transfer-Encoding', request).join(), /[^chunked]/)
  })
}

for (const lines of [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], ['Transfer-Encoding : chunked'], [' Transfer-Encoding: chunked'], ['Transfer-Encoding:\r\n chunked'], ['Transfer-Encoding\t: chunked'], ['X: y\nTransfer-Encoding: chunked']]) {
  t.test(`T-42 ${JSON.stringify(lines)} is refused, or read as plain chunked and framed anew`, async (t) => {
    const { status, seen, hits } = await attack(open(lines, `5\r\nabcde\r\n0\r\n\r\n${goodbye}`))
    if (status === 400) return t.strictSame(hits, [])
    t.equal(hits[0], 'POST /a')
    t.equal(seen[0]?.body.toString(), 'abcde')
    t.ok(!hits.includes('GET /bye'), 'no session there')
  })
}

t.test('T-42 an underscore makes no second Transfer-Encoding or Content-Length', async (t) => {
  const { status, seen } = await attack(message('POST', '/a', [signedIn, 'Transfer_Encoding: chunked', 'Content_Length: 1', 'Content-Length: 5'], 'abcde'))
  t.equal(status, 200)
  t.strictSame(rig.upstream.valuesOf('Transfer-Encoding', seen[0]), [])
  t.strictSame(rig.upstream.valuesOf('Content-Length', seen[0]), ['5'])
})

function malformed (id: string, what: string, lines: string): void {
  t.test(`${id} S-20 ${what} is refused`, async (t) => t.ok(isRefused(await attack(get('/a', [signedIn, lines])))))
}

malformed('T-43', 'obs-fold', 'X: a\r\n X-User-Id: 1')
malformed('T-43', 'obs-fold with a tab', 'X: a\r\n\tX-User-Id: 1')
malformed('T-44', 'a space before the colon', 'X-A : b')
malformed('T-44', 'a tab before the colon', 'X-A\t: b')
malformed('T-44', 'a leading space', ' X-A: b')
malformed('T-44', 'a space within a name', 'X A: b')
malformed('T-44', 'an empty name', ': b')
malformed('T-44', 'an empty name and no space', ':b')
malformed('T-44', 'no colon', 'X-A')
malformed('T-44', 'NUL in a name', 'X\0A: b')
malformed('T-44', 'an eight-bit name', 'X-\u00e9: b')
malformed('T-45', 'a bare CR in a value', 'X-A: b\rX-User-Id: 1')
malformed('T-45', 'a bare LF in a value', 'X-A: b\nX-User-Id: 1')
malformed('T-45', 'CR CR LF', 'X-A: b\r\r')
malformed('T-45', 'NUL in a value', 'X-A: b\0c')
malformed('T-45', 'a control character in a value', 'X-A: b\u0001c')
malformed('T-45', 'DEL in a value', 'X-A: b\u007fc')

t.test('T-44 S-20 a space before the first header of all, which folds it into nothing, is refused', async (t) => {
  for (const space of [' ', '\t', '  ']) t.ok(isRefused(await attack(`GET /public/a HTTP/1.1\r\n${space}X-A: b\r\nHost: gw.test\r\nConnection: close\r\n\r\n`)), JSON.stringify(space))
  t.ok(isRefused(await attack('GET /public/a HTTP/1.1\r\n Host: gw.test\r\nConnection: close\r\n\r\n')))
})

t.test('T-45 S-20 lines that end with LF alone are refused', async (t) => {
  t.ok(isRefused(await attack(get('/public/a').replaceAll('\r\n', '\n'))))
  t.ok(isRefused(await attack(`GET /public/a HTTP/1.1\r\nHost: gw.test\r\nConnection: close\n\n${smuggled}`)))
  t.ok(isRefused(await attack('GET /public/a HTTP/1.1\nHost: gw.test\r\nConnection: close\r\n\r\n')))
})

t.test('T-45 what does not begin a request ends the connection', async (t) => {
  for (const bytes of ['GET\t/public/a\tHTTP/1.1\r\nHost: gw.test\r\n\r\n', 'GET /public/a\r\n\r\n', 'GET /public/a b HTTP/1.1\r\nHost: gw.test\r\n\r\n', 'GET /public/a HTTP/1.1 x\r\nHost: gw.test\r\n\r\n',
    'GET /public/a HTTP/3.1\r\nHost: gw.test\r\n\r\n', 'GET /public/a http/1.1\r\nHost: gw.test\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x16\x03\x01\x02\0\x01\0\x01\xfc', 'SSH-2.0-x\r\n', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nGET / HTTP/1.1\r\n\r\n']) {
    t.ok(isRefused(await attack(bytes)), JSON.stringify(bytes.slice(0, 40)))
  }
})

t.test('T-45 empty lines before a request, even broken ones, make it no second one', async (t) => {
  const { hits } = await attack(`\r\n\r${get('/public/a')}`)
  t.strictSame(hits, ['GET /public/a'])
})

for (const length of ['+3', '-1', '0x3', '3,3', '3, 3', '3 3', '99999999999999999999', '18446744073709551619', '', '3.0', '3;', '\u00b3']) {
  t.test(`T-46 "Content-Length: ${length}" is refused`, async (t) => {
    t.ok(isRefused(await attack(open([`Content-Length: ${length}`], `abc${smuggled}`))))
  })
}

t.test('T-46 white space around a length changes nothing', async (t) => {
  const { hits, seen } = await attack(message('POST', '/a', [signedIn, 'Content-Length: \t3 '], 'abc'))
  t.strictSame(hits, ['POST /a'])
  t.equal(seen[0]?.body.toString(), 'abc')
})

t.test('T-47 two lengths are refused, alike or not', async (t) => {
  t.ok(isRefused(await attack(open(['Content-Length: 3', 'content-length: 4'], 'abcd'))))
  t.ok(isRefused(await attack(open(['Content-Length: 3', 'Content-Length: 3'], 'abc'))))
})

const chunked = ['Transfer-Encoding: chunked']
for (const size of ['3;a=b', '03', '000000003', '3 ']) {
  t.test(`T-48 the chunk size ${JSON.stringify(size)} is read as 3 and framed anew, or refused`, async (t) => {
    const { status, hits, seen } = await attack(message('POST', '/a', [signedIn, ...chunked], `${size}\r\nabc\r\n0\r\n\r\n`))
    if (status === 200) {
      t.equal(seen[0]?.body.toString(), 'abc')
      t.notMatch(rig.upstream.last().body.toString(), /a=b/)
    } else {
      t.equal(status, 400)
      t.strictSame(seen, [], 'the app never reads it to its end')
    }
    t.ok(hits.length <= 1)
  })
}

for (const body of ['3\r\nabc\r\n', 'FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n', '3\nabc\n0\n\n', '3\r\nabcd\r\n0\r\n\r\n', '3\r\nabc0\r\n\r\n', '-3\r\nabc\r\n0\r\n\r\n', '0x3\r\nabc\r\n0\r\n\r\n', '3\r\nabc\r\nx\r\n\r\n', 'g\r\n', '\r\nabc\r\n', '3\rabc\r\n0\r\n\r\n', `3;${'a'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`, '0\nGET /admin2 HTTP/1.1\r\n\r\n', '3;a\nb\r\nabc\r\n0\r\n\r\n']) {
  t.test(`T-48 the chunked body ${JSON.stringify(body.slice(0, 30))} is refused, and the app reads no request from it`, async (t) => {
    const { status, seen } = await attack(open(chunked, body + smuggled))
    t.equal(status, 400)
    t.strictSame(seen, [])
  })
}

t.test('T-48 chunks whose client hangs up before the last one are never a whole body to the app', async (t) => {
  for (const half of ['', '3\r\n', '3\r\nab', '3\r\nabc', '3\r\nabc\r\n', '3\r\nabc\r\n0', '3\r\nabc\r\n0\r\n']) {
    const before = rig.upstream.seen.length
    const arrived = once(rig.upstream.server, 'request')
    const socket = connect(rig.port, '127.0.0.1').on('error', () => {}).resume()
    socket.write(open(chunked, '1\r\nx\r\n')) // the app is asked with the first bytes of a body
    const [request] = await arrived
    const gone = new Promise((resolve) => { request.once('close', resolve) })
    socket.end(half)
    await gone
    t.equal(rig.upstream.seen.length, before, JSON.stringify(half))
    socket.destroy()
  }
})

t.test('T-49 a request in the body of a GET stays a body', async (t) => {
  const body = smuggled
  const { hits, seen } = await attack(open([`Content-Length: ${body.length}`, 'Connection: close'], body, 'GET'))
  t.strictSame(hits, ['GET /a'])
  t.equal(seen[0]?.body.toString(), body)
})

t.test('T-49 whoever is not signed in leaves nothing behind on the connection', async (t) => {
  const body = 'GET /public/smuggled HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n'
  const outcome = await attack(`GET /a HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${body.length}\r\n\r\n${body}${goodbye}`)
  t.strictSame(outcome.hits, [])
  t.equal(outcome.status, 401)
})

t.test('T-50 two pipelined requests get two answers in order', async (t) => {
  const { hits, text } = await attack(`GET /a HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\n\r\n${get('/b', [signedIn])}`)
  t.same([...hits].sort(), ['GET /a', 'GET /b'])
  t.match(text, /"target":"\/a"[^]*"target":"\/b"/)
})

t.test('T-50 an identity is for one request, not for its connection', async (t) => {
  const { hits, text } = await attack(`GET /a HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\n\r\n${get('/b')}`)
  t.strictSame(hits, ['GET /a'])
  t.match(text, /HTTP\/1\.1 200 [^]*HTTP\/1\.1 401 /)
})

t.test('T-50 a POST that is answered early closes the connection, so its body is no request', async (t) => {
  const body = get('/public/smuggled')
  const outcome = await attack(`POST /a HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${body.length + 1}\r\n\r\n${body}`)
  t.ok(isLoginRequired(rig, outcome))
  t.match(outcome.text, /\r\nconnection: close\r\n/i)
  t.equal(outcome.text.split('HTTP/1.1 ').length, 2)
})

t.test('T-50 nonsense after a request is no part of its answer', async (t) => {
  const rig = await startRig(t, { upstream: (_request, response) => { response.writeHead(200, { 'content-length': 1_000 }).write('x'.repeat(10)) } })
  const socket = connect(rig.port, '127.0.0.1').setEncoding('latin1').on('error', () => {})
  let text = ''
  socket.on('data', (chunk: string) => {
    text += chunk
    if (chunk.endsWith('x')) socket.write('\0nonsense\r\n\r\n')
  })
  socket.write('GET /public/a HTTP/1.1\r\nHost: gw.test\r\n\r\n')
  await once(socket, 'close')
  t.match(text, /^HTTP\/1\.1 200 /)
  t.equal(bodyOf(text), 'x'.repeat(10), 'the connection is cut, and the body of the first is not filled up with the refusal of the second')
})

const hosts: ReadonlyArray<readonly [what: string, lines: readonly string[]]> = [
  ['two alike', ['Host: gw.test', 'Host: gw.test']],
  ['two that differ', ['Host: gw.test', 'host: evil.test']],
  ['none', []],
  ['empty', ['Host: ']],
  ...['a b', 'gw.test/evil', 'gw.test@evil', 'evil@gw.test', 'gw.test, evil', 'gw.test#', 'gw.test?', 'gw.test:80:80', 'gw.test:99999999', 'gw.test\\evil', '[::1', '::1', 'http://gw.test', 'gw.test%0d', '"gw.test"', '<script>'].map((host) => [host, [`Host: ${host}`]] as const)
]
for (const [what, lines] of hosts) {
  t.test(`T-51 S-18 Host: ${what}: refused`, async (t) => {
    for (const target of ['/public/a', '/oauth2/ping', '/oauth2/start']) {
      const outcome = await attack([`GET ${target} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n'))
      t.ok(isRefused(outcome), target)
      t.notMatch(outcome.text, /\r\nlocation:/i)
    }
  })
}

t.test('T-51 a second spelling of Host does not arrive', async (t) => {
  const { seen } = await attack(get('/public/a', ['H_ost: x', 'HOST_: x', 'X-Host: evil.test', 'X-HTTP-Host-Override: evil.test', 'X_Host: evil.test']))
  t.strictSame(rig.upstream.valuesOf('Host', seen[0]), ['gw.test'])
  t.strictSame(rig.upstream.valuesOf('X-Host', seen[0]), [])
  t.strictSame(rig.upstream.valuesOf('X-HTTP-Host-Override', seen[0]), [])
})

t.test('T-51 HTTP/1.0 without Host is refused like any other', async (t) => {
  t.ok(isRefused(await attack('GET /public/a HTTP/1.0\r\n\r\n')))
})

t.test('T-54 S-09 2 MB after "Expect: 100-continue" arrive whole', async (t) => {
  const body = 'x'.repeat(2 * 1024 * 1024)
  const { text, seen } = await attack(message('POST', '/a', [signedIn, 'Expect: 100-continue', `Content-Length: ${body.length}`], body))
  t.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
  t.equal(seen[0]?.body.length, body.length)
  t.strictSame(rig.upstream.valuesOf('Expect', seen[0]), [])
})

t.test('T-54 any other expectation fails with 417', async (t) => {
  const { status, hits } = await attack(message('POST', '/a', [signedIn, 'Expect: foo', 'Content-Length: 3'], 'abc'))
  t.equal(status, 417)
  t.strictSame(hits, [])
})

t.test('T-54 h2c is not spoken: the request is answered as it stands', async (t) => {
  const bytes = `GET /a HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`
  const { status, seen } = await attack(bytes)
  t.equal(status, 200)
  t.strictSame(['Upgrade', 'HTTP2-Settings'].map((name) => rig.upstream.valuesOf(name, seen[0]).length), [0, 0])
})

t.test('T-54 "TE: trailers" is kept, the rest of TE was for us', async (t) => {
  const { seen } = await attack(get('/a', [signedIn, 'TE: gzip, trailers;q=0.5, trailers']))
  t.strictSame(rig.upstream.valuesOf('TE', seen[0]), ['trailers'])
  t.strictSame(rig.upstream.valuesOf('TE', (await attack(get('/a', [signedIn, 'TE: gzip']))).seen[0]), [])
})

t.test('nothing of a refusal shows what the gateway is made of', async (t) => {
  const { text } = await attack('GET /public/a HTTP/1.1\r\nHost: gw.test\r\nX A: b\r\n\r\n')
  t.notMatch(text, /HPE_|llhttp|fastify|node|stack/i)
  t.match(JSON.parse(bodyOf(text)), { error: 'malformed_request' })
})

t.end() // the app and the gateway go with it
