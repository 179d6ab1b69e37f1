import t from 'tap'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { attackOn, bodyOf, cookieLine, startRawUpstream } from './attack.ts'

/** What a client gets when the app answers with exactly this head; the app closes after it unless told otherwise. */
async function answerTo (t: Parameters<typeof startRig>[0], lines: readonly string[], { body = 'ok', status = '200 OK' } = {}): Promise<{ readonly status: number, readonly text: string, values (name: string): readonly string[] }> {
  const app = await startRawUpstream(t, (socket) => { socket.write(Buffer.from([`HTTP/1.1 ${status}`, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n'), 'latin1')) })
  const rig = await startRig(t, { config: { routes: [{ upstream: app.url, access: 'anyone' }] } })
  const answer = await attackOn(rig)(get('/a'))
  const head = answer.text.slice(0, answer.text.indexOf('\r\n\r\n')).split('\r\n').slice(1)
  return { ...answer, values: (name) => head.filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `)).map((line) => line.slice(name.length + 2)) }
}

t.test('T-140 S-12 an app signs nobody in: cookies that bear our name do not reach the browser, all others do', async (t) => {
  const own = ['__Host-aihubmix=x; Path=/; Secure', '__Host-aihubmix-login-1=x', '__Host-aihubmix-signed-out=1', ' __Host-aihubmix =x', '__Host-aihubmix', '\t__Host-aihubmix=x']
  const others = ['a=1; Path=/', 'b=2; HttpOnly', 'a=3', '__Host-aihubmix2=x; Secure', 'c=__Host-aihubmix=x']
  const { status, values } = await answerTo(t, [...own, ...others].map((cookie) => `Set-Cookie: ${cookie}`))
  t.equal(status, 200)
  t.strictSame(values('Set-Cookie'), others)
})

// Browsers keep `=name=value` as a cookie without a name and send `name=value` back.
t.test('T-140 S-12 nor does a cookie without a name, whose value would come back as one of ours', async (t) => {
  const { values } = await answerTo(t, ['=__Host-aihubmix=x', ' = __Host-aihubmix=x', '==__Host-aihubmix=x', '=__Host-aihubmix-login-1=x', '=a=b'].map((cookie) => `Set-Cookie: ${cookie}`))
  t.strictSame(values('Set-Cookie'), ['=a=b'])
})

t.test('T-140 S-11 what belongs to the app\'s connection ends there', async (t) => {
  const { status, values } = await answerTo(t, ['Connection: x-secret, close', 'X-Secret: 1', 'Keep-Alive: timeout=99', 'Proxy-Authenticate: Basic', 'Proxy-Connection: keep-alive', 'Trailer: X-T', 'Upgrade: h2c', 'X-Kept: 1'])
  t.equal(status, 200)
  for (const name of ['X-Secret', 'Proxy-Authenticate', 'Proxy-Connection', 'Trailer', 'Upgrade']) t.strictSame(values(name), [], name)
  t.notMatch(values('Keep-Alive').join(), /99/)
  t.notMatch(values('Connection').join(), /x-secret/i)
  t.strictSame(values('X-Kept'), ['1'])
})

t.test('T-140 identity headers of an answer are nobody\'s business', async (t) => {
  const { values } = await answerTo(t, ['X-User-Id: 1', 'x-user-email: a@b', 'X-USER-BALANCE: 9', 'X-User-Assertion: x', 'X-User-Name: kept'])
  for (const name of ['X-User-Id', 'X-User-Email', 'X-User-Balance', 'X-User-Assertion']) t.strictSame(values(name), [], name)
  t.strictSame(values('X-User-Name'), ['kept'])
})

t.test('T-140 everything else arrives as the app said it', async (t) => {
  const lines = ['Server: app', 'X-Powered-By: x', 'Vary: a', 'Vary: b', 'Content-Security-Policy: default-src *', 'Location: /x', 'Link: </a>; rel=preload', 'ETag: "1"', 'X-Empty: ', 'X-Eight: \u00e9\u00ff', 'constructor: 1', '__proto__: 2', 'toString: 3']
  const { status, values } = await answerTo(t, lines, { status: '203 Odd' })
  t.equal(status, 203)
  for (const line of new Set(lines.map((line) => line.slice(0, line.indexOf(':'))))) {
    t.strictSame(values(line), lines.filter((other) => other.startsWith(`${line}:`)).map((other) => other.slice(line.length + 2)), line)
  }
})

t.test('T-140 nothing is added that speaks of the gateway', async (t) => {
  const { text } = await answerTo(t, [])
  t.notMatch(text, /fastify|aihubmix|undici/i)
})

for (const [what, line] of [['a bare CR', 'X-A: b\rX-User-Id: 1'], ['a bare LF', 'X-A: b\nSet-Cookie: __Host-aihubmix=x'], ['NUL', 'X-A: b\0c'], ['a space in a name', 'X A: b'], ['obs-fold', 'X-A: b\r\n Set-Cookie: __Host-aihubmix=x'], ['a control character', 'X-A: b\u0001c']] as const) {
  t.test(`T-140 an answer with ${what} splits nothing: it is harmless or a 502`, async (t) => {
    const { status, text } = await answerTo(t, [line])
    t.ok(status === 502 || status === 200, String(status))
    t.notMatch(text, /\nset-cookie: __Host-aihubmix|\nx-user-id/i)
  })
}

for (const [what, encoding] of [['gzip that is none', 'gzip'], ['1000 encodings', Array.from({ length: 1_000 }, () => 'gzip').join(', ')], ['brotli that is none', 'br'], ['an unknown encoding', 'x']] as const) {
  t.test(`T-145 ${what} passes as the bytes it is`, async (t) => {
    const body = '\x1f\x8b\x08 not compressed \xff\x00'
    const answer = await answerTo(t, [`Content-Encoding: ${encoding}`], { body })
    t.equal(answer.status, 200)
    t.strictSame(answer.values('Content-Encoding'), [encoding])
    t.equal(bodyOf(answer.text), body)
  })
}

t.test('T-145 what the client accepts is the app\'s to read, not ours', async (t) => {
  const rig = await startRig(t)
  const signedIn = await cookieLine(rig)
  const { seen } = await attackOn(rig)(get('/a', [signedIn, 'Accept-Encoding: gzip, br, zstd, x']))
  t.strictSame(rig.upstream.valuesOf('Accept-Encoding', seen[0]), ['gzip, br, zstd, x'])
  t.strictSame(rig.upstream.valuesOf('Accept-Encoding', (await attackOn(rig)(get('/a', [signedIn]))).seen[0]), [])
})

t.test('T-140 what an app says twice, as one behind another proxy does, is an answer still', async (t) => {
  const lines = ['X-Content-Type-Options: nosniff', 'Content-Type: text/html', 'ETag: "1"', 'Access-Control-Allow-Credentials: true', 'Date: Mon, 23 Nov 2026 04:02:01 GMT', 'Location: /a', 'Retry-After: 1', 'TE: gzip', 'HTTP2-Settings: x']
  const { status, text, values } = await answerTo(t, [...lines, ...lines])
  t.equal(status, 200)
  t.equal(bodyOf(text), 'ok')
  t.equal(values('X-Content-Type-Options')[0], 'nosniff')
  t.equal(values('Content-Type')[0], 'text/html')
})

t.test('T-140 two content types, one of them that of an event stream, hold nobody up', async (t) => {
  const { status, text } = await answerTo(t, ['Content-Type: text/event-stream', 'Content-Type: text/html'])
  t.equal(status, 200)
  t.equal(bodyOf(text), 'ok')
})
