import '../../rig/over-http2.ts'
import { once } from 'node:events'
import t from 'tap'
import { connectFrames, fields, flags, frame, frameTypes } from '../../rig/http2-frames.ts'
import { answerTo, connectHttp2 } from '../../rig/http2.ts'
import { startRig } from '../../rig/rig.ts'
import { until } from '../../rig/until.ts'
import { cookieLine } from '../attack.ts'

const rig = await startRig(t)
const signedIn = (await cookieLine(rig)).slice('Cookie: '.length)
type Field = readonly [name: string, value: string]

/** A request whose every field the test writes itself; `over` replaces pseudo-fields, `more` comes behind. */
function request ({ path = '/a', method = 'GET', authority = 'gw.test', scheme = 'https' }: { path?: string, method?: string, authority?: string, scheme?: string } = {}, more: readonly Field[] = []): readonly Field[] {
  return [[':method', method], [':scheme', scheme], [':path', path], [':authority', authority], ['cookie', signedIn], ...more]
}

const base = request()
const malformed: Readonly<Record<string, readonly Field[]>> = {
  'a path with a space': request({ path: '/a b' }),
  'a path with CR': request({ path: '/a\rb' }),
  'a path that smuggles a request': request({ path: '/a HTTP/1.1\r\nHost: x\r\n\r\nGET /admin' }),
  'a path with NUL': request({ path: '/a\0' }),
  'a path with #': request({ path: '/a#b' }),
  'an absolute path': request({ path: 'https://evil.test/' }),
  'no slash': request({ path: 'a' }),
  'an empty path': request({ path: '' }),
  'an asterisk': request({ path: '*' }),
  'an asterisk for OPTIONS': request({ path: '*', method: 'OPTIONS' }),
  'a method with a space': request({ method: 'GET /admin' }),
  'a method in lower case': request({ method: 'get' }),
  'an empty method': request({ method: '' }),
  'a name in upper case': request({}, [['X-Upper', '1']]),
  connection: request({}, [['connection', 'x-user-id']]),
  'transfer-encoding': request({}, [['transfer-encoding', 'chunked']]),
  'keep-alive': request({}, [['keep-alive', '1']]),
  'proxy-connection': request({}, [['proxy-connection', 'close']]),
  upgrade: request({}, [['upgrade', 'websocket']]),
  'te other than trailers': request({}, [['te', 'gzip']]),
  'a host that contradicts the authority': request({}, [['host', 'evil.test']]),
  'two hosts': base.filter(([name]) => name !== ':authority').concat([['host', 'gw.test'], ['host', 'evil.test']]),
  'no host at all': base.filter(([name]) => name !== ':authority'),
  'an authority with user information': request({ authority: 'gw.test@evil.test' }),
  'an authority with a path': request({ authority: 'gw.test/evil' }),
  'an authority with a space': request({ authority: 'gw.test evil' }),
  'two paths': [...base.slice(0, 4), [':path', '/public/a'], ...base.slice(4)],
  'two authorities': [...base.slice(0, 4), [':authority', 'evil.test'], ...base.slice(4)],
  'two methods': [[':method', 'GET'], ...base],
  'a pseudo-field behind the others': [...base, [':path', '/public/a']],
  'a pseudo-field nobody knows': [[':user', '1'], ...base],
  'a pseudo-field of answers': [[':status', '200'], ...base],
  'no path': base.filter(([name]) => name !== ':path'),
  'no method': base.filter(([name]) => name !== ':method'),
  'no scheme': base.filter(([name]) => name !== ':scheme'),
  'a length and no body': request({ method: 'POST' }, [['content-length', '5']]),
  'a length that is none': request({ method: 'POST' }, [['content-length', '+5']]),
  'two lengths': request({ method: 'POST' }, [['content-length', '0'], ['content-length', '5']])
}

for (const [what, list] of Object.entries(malformed)) {
  t.test(`T-53 ${what}: refused, and the app sees nothing`, async (t) => {
    const before = rig.upstream.seen.length
    const client = await connectFrames(rig.port)
    client.send(frame(frameTypes.headers, flags.endStream | flags.endHeaders, 1, fields(list)))
    const outcome = await client.outcomeOf(1)
    client.socket.destroy()
    t.strictSame(rig.upstream.seen.slice(before).map(({ target }) => target), [], outcome)
    t.equal((await rig.newBrowser().fetch('/public/alive')).status, 200)
  })
}

/** nghttp2 drops such a field and lets the rest pass: what was smuggled is not there, which is what counts. */
const ignored: Readonly<Record<string, Field>> = {
  'a name with a space': ['x a', 'smuggled'],
  'a name with a colon': ['x:a', 'smuggled'],
  'an empty name': ['', 'smuggled'],
  'a name with CR LF': ['x-a\r\nx-user-id', 'smuggled'],
  'a value with CR LF': ['x-a', '1\r\nx-user-id: smuggled'],
  'a value with LF': ['x-a', '1\nx-user-id: smuggled'],
  'a value with NUL': ['x-a', 'smuggled\0']
}
for (const [what, field] of Object.entries(ignored)) {
  t.test(`T-53 ${what}: nothing of it reaches the app`, async (t) => {
    const client = await connectFrames(rig.port)
    client.send(frame(frameTypes.headers, flags.endStream | flags.endHeaders, 1, fields(request({ path: '/ignored' }, [field]))))
    t.equal(await client.outcomeOf(1), 'answered')
    client.socket.destroy()
    const { target, rawHeaders } = rig.upstream.last()
    t.equal(target, '/ignored')
    t.notMatch(rawHeaders.join('|'), /smuggled/)
    t.strictSame(rig.upstream.valuesOf('X-User-Id'), ['12345'])
  })
}

t.test('T-53 what the refusals are made like is let through when it is right', async (t) => {
  const client = await connectFrames(rig.port)
  client.send(frame(frameTypes.headers, flags.endStream | flags.endHeaders, 1, fields(request({}, [['te', 'trailers'], ['host', 'gw.test'], ['x-a', '1']]))))
  t.equal(await client.outcomeOf(1), 'answered')
  client.socket.destroy()
  t.strictSame([rig.upstream.last().target, ...['Host', 'TE', 'X-User-Id', 'X-A'].map((name) => rig.upstream.valuesOf(name).join())], ['/a', 'gw.test', 'trailers', '12345', '1'])
  t.notOk(rig.upstream.last().rawHeaders.some((name) => name.startsWith(':')), 'no pseudo-field became a header')
})

t.test('T-53 a body longer or shorter than its length is refused', async (t) => {
  for (const sent of [Buffer.alloc(4), Buffer.alloc(6)]) {
    const before = rig.upstream.seen.length
    const client = await connectFrames(rig.port)
    client.send(frame(frameTypes.headers, flags.endHeaders, 1, fields(request({ method: 'POST' }, [['content-length', '5']]))), frame(frameTypes.data, flags.endStream, 1, sent))
    t.not(await client.outcomeOf(1), 'answered')
    client.socket.destroy()
    t.equal(rig.upstream.seen.length, before)
  }
})

for (const [what, list] of Object.entries({
  'an extended CONNECT (RFC 8441)': [...request({ method: 'CONNECT', path: '/public/ws' }).slice(0, 4), [':protocol', 'websocket'], ['sec-websocket-version', '13']] as const,
  'a CONNECT': [[':method', 'CONNECT'], [':authority', '127.0.0.1:22']] as const
})) {
  t.test(`T-53 S-19 ${what} opens no tunnel`, async (t) => {
    const before = rig.upstream.seen.length
    const client = await connectFrames(rig.port)
    client.send(frame(frameTypes.headers, flags.endHeaders, 1, fields(list)), frame(frameTypes.data, 0, 1, Buffer.from('GET /admin HTTP/1.1\r\n\r\n')))
    await client.outcomeOf(1)
    client.socket.destroy()
    t.equal(rig.upstream.seen.length, before)
  })
}

t.test('T-53 browsers are told that WebSockets are to be had over HTTP/1.1 only', async (t) => {
  const session = connectHttp2(rig.port)
  const [settings] = await once(session, 'remoteSettings')
  t.notOk(settings.enableConnectProtocol)
  session.destroy()
})

t.test('T-101 the crumbs of a cookie are one cookie to the app (RFC 9113 §8.2.3)', async (t) => {
  const session = connectHttp2(rig.port)
  const { status } = await answerTo(session, [':method', 'GET', ':scheme', 'https', ':authority', 'gw.test', ':path', '/crumbs', 'cookie', 'a=1', 'cookie', signedIn, 'cookie', 'b=2'])
  session.destroy()
  t.equal(status, 200)
  t.strictSame(rig.upstream.valuesOf('Cookie'), ['a=1; b=2'])
})

t.test('T-11 an id in the trailers of HTTP/2 is no header', async (t) => {
  const client = await connectFrames(rig.port)
  client.send(
    frame(frameTypes.headers, flags.endHeaders, 1, fields(request({ method: 'POST', path: '/trailers' }))),
    frame(frameTypes.data, 0, 1, Buffer.from('abc')),
    frame(frameTypes.headers, flags.endHeaders | flags.endStream, 1, fields([['x-user-id', '1'], ['x-user-email', 'e']]))
  )
  t.equal(await client.outcomeOf(1), 'answered')
  client.socket.destroy()
  t.equal(rig.upstream.last().body.toString(), 'abc')
  t.strictSame(rig.upstream.valuesOf('X-User-Id'), ['12345'])
})

for (const code of [0, 2, 8]) {
  t.test(`T-49 half a body whose stream is reset with ${code} is never a whole one to the app`, async (t) => {
    const before = rig.upstream.seen.length
    const begun = once(rig.upstream.server, 'request')
    const client = await connectFrames(rig.port)
    client.send(frame(frameTypes.headers, flags.endHeaders, 1, fields(request({ method: 'POST', path: '/half' }))), frame(frameTypes.data, 0, 1, Buffer.from('half')))
    const [incoming] = await begun
    const ended = new Promise((resolve) => { incoming.once('end', () => resolve('whole')); incoming.once('aborted', () => resolve('aborted')); incoming.resume() })
    client.send(frame(frameTypes.rstStream, 0, 1, Buffer.from([0, 0, 0, code])))
    t.equal(await ended, 'aborted')
    client.socket.destroy()
    t.equal(rig.upstream.seen.length, before)
  })
}

t.test('S-08 a stream that is reset before the answer ends the request at the app', async (t) => {
  const held = await startRig(t, { upstream: () => {} })
  const begun = once(held.upstream.server, 'request')
  const client = await connectFrames(held.port)
  client.send(frame(frameTypes.headers, flags.endHeaders | flags.endStream, 1, fields(request({ path: '/public/slow' }))))
  const [, response] = await begun
  const closed = once(response, 'close')
  client.send(frame(frameTypes.rstStream, 0, 1, Buffer.from([0, 0, 0, 8])))
  await closed
  client.socket.destroy()
  t.pass('the app knows')
})

t.test('T-148 an answer that breaks off at the app is a stream that is reset, never a clean end', async (t) => {
  const broken = await startRig(t, {
    upstream: (_request, response) => { response.writeHead(200).write('half', () => response.destroy()) }
  })
  const client = await connectFrames(broken.port)
  client.send(frame(frameTypes.headers, flags.endHeaders | flags.endStream, 1, fields(request({ path: '/public/half' }))))
  await until(() => client.frames.some(({ type }) => type === frameTypes.rstStream))
  t.notOk(client.frames.some(({ type, flags: given }) => type === frameTypes.data && (given & flags.endStream) !== 0))
  client.socket.destroy()
})

t.end() // the app and the gateway go with it
