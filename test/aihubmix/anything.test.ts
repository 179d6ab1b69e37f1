import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { app, startRig } from '../rig/rig.ts'
import { beginSignIn, callbackOf, open, sessionCookie } from '../login/attempt.ts'
import { timed } from '../rig/until.ts'
import { goodTokens, goodUserinfo, startFake } from './fake.ts'

/** What a provider may send: JSON of any kind, good answers with one member replaced, cut, repeated, packed, dripping, or bytes. */
const members = fc.dictionary(fc.constantFrom('access_token', 'token_type', 'expires_in', 'refresh_token', 'scope', 'id', 'username', 'email', 'balance_formatted', 'status', 'success', 'data', 'error', 'message', '__proto__', 'toString'), fc.jsonValue(), { maxKeys: 4 })
const good = JSON.stringify({ ...goodTokens, ...goodUserinfo })
const body = fc.oneof(
  fc.json().map((text) => Buffer.from(text)),
  members.map((changed) => Buffer.from(JSON.stringify({ ...goodTokens, ...goodUserinfo, ...changed }))),
  fc.nat(good.length).map((length) => Buffer.from(good.slice(0, length))),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 600_000 }).map((bytes) => Buffer.alloc(bytes, '[')),
  fc.constant(Buffer.from(`{"a":${'['.repeat(100_000)}`))
)
const answer = fc.record({
  body,
  status: fc.constantFrom(200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 429, 500, 503),
  headers: fc.dictionary(fc.constantFrom('content-type', 'retry-after', 'location', 'set-cookie', 'x-anything'), fc.constantFrom('application/json', 'text/html', '-1', '99999999999', 'https://evil.test/', 'a=b', ''), { maxKeys: 3 }),
  how: fc.constantFrom('whole', 'whole', 'whole', 'gzip', 'not gzip', 'cut', 'slow', 'silent', 'bomb')
})
const bomb = gzipSync(Buffer.alloc(16_000_000, 0x20))

t.test('no answer of AIHubMix stops the gateway, holds it up, or signs in anybody it does not name', async (t) => {
  const fake = await startFake(t)
  // Who comes back with a code that is no good 150 times is turned away: not here.
  const rig = await startRig(t, { config: { aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, serverUrl: fake.url, timeout: '300ms', budget: { requests: 100_000 } } } })
  await fc.assert(fc.asyncProperty(answer, answer, async (first, second) => {
    rig.emulator.clock.advance('6m') // no pause is left from what came before
    const answers = [first, second]
    fake.answer((response) => {
      const { body, status, headers, how } = answers.shift() ?? second
      if (how === 'silent') return
      const packed = how === 'gzip' ? gzipSync(body) : how === 'bomb' ? bomb : body
      response.writeHead(status, { ...headers, ...(['gzip', 'not gzip', 'bomb'].includes(how) ? { 'content-encoding': 'gzip' } : {}) })
      if (how === 'slow') response.write(packed.subarray(0, 1))
      else if (how === 'cut') response.write(packed.subarray(0, packed.length >> 1), () => response.destroy())
      else response.end(packed)
    })
    const browser = rig.newBrowser()
    const callback = callbackOf(rig, await beginSignIn(browser))
    const { result, tookMs } = await timed(() => open(browser, callback))
    if (tookMs > 8_000) return false
    if (browser.cookies.has(sessionCookie)) return result.status === 303
    return [302, 403, 502, 503].includes(result.status) && !result.text.includes('evil.test')
  }), { numRuns: 150 })
  rig.emulator.clock.advance('6m')
  fake.answerWith({ ...goodTokens, ...goodUserinfo })
  const ada = rig.newBrowser()
  t.equal((await open(ada, callbackOf(rig, await beginSignIn(ada)))).status, 303, 'and the gateway lives')
  t.notMatch(rig.logged(), /"code":"internal_error"/, 'nothing of it was a surprise')
})

t.test('a session that is read again meets anything and goes on or ends, and nothing else', async (t) => {
  const fake = await startFake(t)
  const rig = await startRig(t, { config: { aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, serverUrl: fake.url, timeout: '300ms' } } })
  await fc.assert(fc.asyncProperty(answer, async ({ body, status, headers }) => {
    rig.emulator.clock.advance('6m')
    fake.answerWith({ ...goodTokens, ...goodUserinfo })
    const browser = rig.newBrowser()
    await open(browser, callbackOf(rig, await beginSignIn(browser)))
    fake.answerWith(body, status, headers)
    rig.emulator.clock.advance('1h58m')
    const statuses = [await open(browser, '/a'), await open(browser, '/a')].map(({ status }) => status)
    return statuses.every((seen) => [200, 302, 503].includes(seen))
  }), { numRuns: 80 })
  t.notMatch(rig.logged(), /"code":"internal_error"/)
})
