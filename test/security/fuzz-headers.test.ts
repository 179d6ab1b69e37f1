import { isIP } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { transport } from '../rig/transport.ts'
import { attackOn, cookieLine, runs, type Outcome } from './attack.ts'

const rig = await startRig(t)
const attack = attackOn(rig)
const signedIn = await cookieLine(rig)
const behind = await startRig(t, { config: { server: { publicUrl: 'https://gw.test', trustedProxies: ['127.0.0.1'] } } })
const attackBehind = attackOn(behind)

/** RFC 9110 §5.6.2: every sign a header's name may hold. */
const tokenSign = fc.constantFrom(...'!#$%&\'*+-.^_`|~')
const randomCase = (text: string): fc.Arbitrary<string> => fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length })
  .map((upper) => Array.from(text, (letter, index) => upper[index] === true ? letter.toUpperCase() : letter.toLowerCase()).join(''))

/** A name that some server folds to this one. */
const spellingOf = (name: string): fc.Arbitrary<string> => fc.tuple(randomCase(name), fc.array(tokenSign, { minLength: 3, maxLength: 3 }))
  .map(([text, signs]) => text.replaceAll('-', () => signs.pop() ?? '-'))

const guarded = ['x-user-id', 'x-user-email', 'x-user-balance', 'x-user-assertion', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'x-original-uri', 'x-request-id', 'client-ip', 'x-forwarded-whatever', 'x-auth-request-user', 'proxy-authorization', 'transfer-encoding', 'content-length', 'remote-user']
const spelling = fc.constantFrom(...guarded).chain(spellingOf)

const valuesOf = (name: string, { seen: [request] }: Outcome): readonly string[] => request === undefined ? [] : rig.upstream.valuesOf(name, request)

t.test('T-01 T-15 S-03 no spelling of a guarded name brings a stranger\'s value to the app', async (t) => {
  await fc.assert(fc.asyncProperty(fc.array(spelling, { minLength: 1, maxLength: 6 }), async (names) => {
    const outcome = await attack(get('/public/a', names.map((name) => `${name}: forged`)))
    // A Content-Length or Transfer-Encoding in its true spelling is the parser's to refuse.
    if (outcome.status === 400) return names.some((name) => /^(content-length|transfer-encoding)$/i.test(name)) && outcome.hits.length === 0
    return outcome.status === 200 && guarded.every((name) => !valuesOf(name, outcome).includes('forged'))
  }), { numRuns: runs(1_500) })
  t.pass()
})

t.test('T-02 T-03 T-04 whatever spellings a user sends, each identity header arrives once, and true', async (t) => {
  const identity = fc.constantFrom('x-user-id', 'x-user-email', 'x-user-balance').chain(spellingOf)
  await fc.assert(fc.asyncProperty(fc.array(identity, { minLength: 1, maxLength: 6 }), fc.array(identity, { maxLength: 3 }), async (names, connection) => {
    const lines = names.map((name) => `${name}: forged`)
    const outcome = await attack(`GET /a HTTP/1.1\r\nHost: gw.test\r\n${[signedIn, ...lines, `Connection: ${['close', ...connection].join(', ')}`].join('\r\n')}\r\n\r\n`)
    return outcome.status === 200 && valuesOf('x-user-id', outcome).join() === '12345' && valuesOf('x-user-email', outcome).join() === 'user@example.com' && valuesOf('x-user-balance', outcome).join() === '750.00'
  }), { numRuns: runs(1_000) })
  t.pass()
})

t.test('headers that are nobody\'s arrive as they were sent, in their order', async (t) => {
  const name = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789-_'), minLength: 1, maxLength: 20 }).map((rest) => `Z${rest}`)
  const value = fc.string({ unit: fc.integer({ min: 0x21, max: 0xff }).filter((code) => code !== 0x7f).map((code) => String.fromCharCode(code)), maxLength: 30 })
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 10 }), async (headers) => {
    const { seen: [request] } = await attack(get('/public/a', headers.map(([name, value]) => `${name}: ${value}`)))
    const arrived = request?.rawHeaders ?? []
    return JSON.stringify(arrived.slice(arrived.length - headers.length * 2)) === JSON.stringify(headers.flatMap(([name, value]) => [transport.isHttp2 ? name.toLowerCase() : name, value]))
  }), { numRuns: runs(1_000) })
  t.pass()
})

const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('::ffff:1.2.3.4', '10.0.0.1', '127.0.0.1'))
const junk = fc.oneof(address, address.map((ip) => `[${ip}]:80`), address.map((ip) => `${ip}:99`), fc.constantFrom('', ' ', ',', 'a', 'unknown', '_x', '[', ']', ':', '%', '"', ';', '=', 'for=1.1.1.1', '1.2.3.4/8', '0', '-1', '999.1.1.1'), fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 12 }))
const chain = fc.array(junk, { maxLength: 80 }).map((entries) => entries.join(', '))

t.test('T-56 T-61 whatever chain a stranger invents, the app hears of the peer alone', async (t) => {
  await fc.assert(fc.asyncProperty(chain, spellingOf('x-forwarded-for'), async (sent, name) => {
    const outcome = await attack(get('/public/a', [`X-Forwarded-For: ${sent}`, `${name}: ${sent}`, `Forwarded: ${sent}`, `X-Real-IP: ${sent}`]))
    return outcome.status === 200 && valuesOf('x-forwarded-for', outcome).join() === '127.0.0.1' && valuesOf('forwarded', outcome).length + valuesOf('x-real-ip', outcome).length === 0
  }), { numRuns: runs(500) })
  t.pass()
})

t.test('T-60 T-61 whatever comes through a trusted proxy, the app gets addresses only, the nearest last', async (t) => {
  await fc.assert(fc.asyncProperty(chain, fc.ipV4(), async (sent, nearest) => {
    const outcome = await attackBehind(get('/public/a', [`X-Forwarded-For: ${sent}, ${nearest}`, `X-Forwarded-Host: ${sent}`, `X-Forwarded-Proto: ${sent}`]))
    const entries = behind.upstream.valuesOf('x-forwarded-for', outcome.seen[0]).join().split(', ')
    const host = behind.upstream.valuesOf('x-forwarded-host', outcome.seen[0])
    return outcome.status === 200 && entries.every((entry) => isIP(entry) !== 0) && entries.slice(-2).join() === `${nearest},127.0.0.1` &&
      host.length === 1 && /^[\w.:[\]-]+$/.test(host[0] ?? '') && behind.upstream.valuesOf('x-forwarded-proto', outcome.seen[0]).join() === 'https'
  }), { numRuns: runs(500) })
  t.pass()
})

t.end() // the apps and the gateways go with it
