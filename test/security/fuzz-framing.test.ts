import { connect } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { get, sendRaw } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { cookieLine } from './attack.ts'

const rig = await startRig(t, { config: { server: { publicUrl: 'https://gw.test', limits: { requestTimeout: '2s', idleTimeout: '1s' } } } })
const signedIn = await cookieLine(rig)

/** Whatever is still awaited is found here: empty lines end a head or fill a body, and a reader that is in step says goodbye. */
const goodbye = `${'\r\n'.repeat(500)}GET /public/bye HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n`

/** What is in order gets time to reach the app before the goodbye: as long as a request of another client takes. */
async function send (bytes: string): Promise<string> {
  const socket = connect(rig.port, '127.0.0.1').setEncoding('latin1').on('error', () => {})
  const closed = new Promise((resolve) => { socket.once('close', resolve) })
  let text = ''
  socket.on('data', (chunk: string) => { text += chunk })
  socket.write(Buffer.from(bytes, 'latin1'))
  await sendRaw(rig.port, get('/public/other'))
  socket.write(goodbye)
  await closed
  return text
}

const post = 'POST /public/a HTTP/1.1\r\nHost: gw.test\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nhello world'
const chunked = 'POST /public/b HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-T: 1\r\n\r\n'
const inBody = 'GET /admin HTTP/1.1\r\nHost: gw.test\r\n\r\n'
const smuggling = `POST /public/c HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${inBody.length}\r\n\r\n${inBody}`

const splice = fc.constantFrom('\r', '\n', '\r\n', '\r\n\r\n', '\n\n', ' ', '\t', '\0', '\u000b', ':', ',', ';', '0', '0\r\n\r\n', '5', '-1', '+', 'x', '\u0085', '\u00ff', 'chunked', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 0\r\n', 'Content-Length: 5\r\n', 'Transfer-Encoding: identity\r\n', 'Connection: content-length\r\n', 'Expect: 100-continue\r\n', 'Upgrade: websocket\r\nConnection: upgrade\r\n', 'X-User-Id: 1\r\n', 'HTTP/1.1', '#', '..', '/admin')
const mutation = fc.tuple(fc.noBias(fc.nat(9_999)), fc.nat(3), splice)

function mutated (message: string, changes: ReadonlyArray<readonly [number, number, string]>): string {
  return changes.reduce((text, [where, drop, insert]) => {
    const at = Math.floor(where / 10_000 * text.length)
    return text.slice(0, at) + insert + text.slice(at + drop)
  }, message)
}

t.test('T-41 to T-50 however a message is broken, the app hears nobody in /admin, nobody forged, and the gateway lives', async (t) => {
  let arrived = 0
  rig.upstream.server.on('request', ({ url }) => { if (!/other|bye/.test(url ?? '')) arrived++ })
  const forms = fc.constantFrom(post, chunked, smuggling, `${post}${chunked}`, `${chunked}${smuggling}`)
  await fc.assert(fc.asyncProperty(forms, fc.array(mutation, { minLength: 1, maxLength: 3 }), async (message, changes) => {
    const before = rig.upstream.seen.length
    await send(mutated(message, changes))
    return rig.upstream.seen.slice(before).every((request) => request.target.startsWith('/public') && rig.upstream.valuesOf('X-User-Id', request).length === 0)
  }), { numRuns: 1_500 })
  t.ok(arrived > 100, `${arrived} requests arrived`)
  t.match(await send(`GET /a HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\n\r\n`), /^HTTP\/1\.1 200 /)
  t.notMatch(rig.logged(), /"code":"internal_error"/)
})

t.test('no bytes at all bring the gateway to its knees', async (t) => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 200 }), fc.constantFrom('', 'GET /public/a HTTP/1.1\r\n', 'GET /public/a HTTP/1.1\r\nHost: gw.test\r\n', 'GET '), async (bytes, start) => {
    const before = rig.upstream.seen.length
    await send(start + bytes)
    return rig.upstream.seen.slice(before).every(({ target }) => target.startsWith('/public'))
  }), { numRuns: 500 })
  t.match(await send('GET /oauth2/ping HTTP/1.1\r\nHost: gw.test\r\n\r\n'), /pong/)
})

t.end() // the app and the gateway go with it
