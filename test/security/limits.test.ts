import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { get, sendRaw } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { attackOn, cookieLine, message } from './attack.ts'

const publicUrl = 'https://gw.test'
const rig = await startRig(t, { config: { server: { publicUrl, limits: { bodyBytes: '1KiB', headersTimeout: '1s', requestTimeout: '2s', idleTimeout: '1s' } } } })
const attack = attackOn(rig)
const signedIn = await cookieLine(rig)

t.test('T-146 a header of 64 KB is too large', async (t) => {
  const { status, hits } = await attack(get('/public/a', [`X-A: ${'x'.repeat(64 * 1024)}`]))
  t.equal(status, 431)
  t.strictSame(hits, [])
})

for (const [what, line] of [['long ones', (index: number) => `X-Header-${index}: value`], ['the shortest there are', () => 'a:'], ['empty ones', (index: number) => `${index.toString(36)}:`]] as const) {
  t.test(`T-146 10,000 headers are too many, ${what}`, async (t) => {
    const { status, hits } = await attack(get('/public/a', Array.from({ length: 10_000 }, (_value, index) => line(index))))
    t.ok(status === 431 || status === 0, `${status}: the answer may cross with what is still being sent`)
    t.strictSame(hits, [])
  })
}

t.test('T-146 no header is lost without a word: a second Host after 1,000 others is refused', async (t) => {
  const { status, hits } = await attack(get('/public/a', [...Array.from({ length: 1_000 }, () => 'a:'), 'Host: evil.test', 'X-User-Id: 1']))
  t.ok(status === 400 || status === 431, String(status))
  t.strictSame(hits, [])
})

t.test('T-146 an address of 20 KB is too long, one of 100 KB does not even fit the headers', async (t) => {
  t.equal((await attack(get(`/public/${'x'.repeat(20_000)}`))).status, 414)
  const { status } = await attack(get(`/public/${'x'.repeat(100_000)}`))
  t.ok(status === 414 || status === 431, String(status))
})

t.test('T-146 an address of 15 KB arrives', async (t) => {
  const target = `/public/${'x'.repeat(15_000)}`
  t.strictSame((await attack(get(target))).hits, [`GET ${target}`])
})

t.test('T-146 a body over the limit is refused, announced or not', async (t) => {
  for (const [lines, body] of [[['Content-Length: 1025'], 'x'.repeat(1_025)], [['Content-Length: 99999999999'], ''], [['Transfer-Encoding: chunked'], `800\r\n${'x'.repeat(0x800)}\r\n0\r\n\r\n`]] as const) {
    const { status, seen } = await attack(message('POST', '/a', [signedIn, ...lines], body))
    t.equal(status, 413, lines[0])
    t.strictSame(seen, [])
  }
  for (const [lines, body] of [[['Content-Length: 1024'], 'x'.repeat(1_024)], [['Transfer-Encoding: chunked'], `400\r\n${'x'.repeat(0x400)}\r\n0\r\n\r\n`]] as const) {
    const { status, seen } = await attack(message('POST', '/a', [signedIn, ...lines], body))
    t.equal(status, 200, lines[0])
    t.equal(seen[0]?.body.length, 1_024)
  }
})

t.test('T-146 clients that stop half-way are let go, and the app hears of no whole request', async (t) => {
  const before = rig.upstream.seen.length
  const answers = await Promise.all([
    '',
    'GET /pub',
    'GET /public/a HTTP/1.1\r\nHost: gw.test\r\nX-A: ',
    `POST /a HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\nContent-Length: 10\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`
  ].map((bytes) => sendRaw(rig.port, bytes)))
  for (const { status, text } of answers) t.ok(status === 0 || status >= 400, text)
  t.equal(rig.upstream.seen.length, before)
})

t.test('T-146 a thousand idle connections keep nobody else out', async (t) => {
  const sockets: Socket[] = await Promise.all(Array.from({ length: 1_000 }, async () => {
    const socket = connect(rig.port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.write('GET /public/a HTTP/1.1\r\n')
    return socket
  }))
  t.equal((await attack(get('/public/a'))).status, 200)
  for (const socket of sockets) socket.destroy()
})

t.test('T-146 limits of a request that contradict each other do not keep the gateway from starting', async (t) => {
  const { port } = await startRig(t, { config: { server: { publicUrl, limits: { headersTimeout: '30s', requestTimeout: '5s' } } } })
  t.equal((await attack(get('/public/a'), port)).status, 200)
})

t.end() // the app and the gateway go with it
