import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import t from 'tap'
import { audienceOf, createAssertions } from '../../src/access/assertion.ts'
import type { UserSession } from '../../src/session/user-session.ts'
import { askAs, everyShape, headerOf, startForwardAuth } from '../forward-auth/ask.ts'
import { get, sendRaw } from '../rig/raw.ts'
import { publicUrl } from '../rig/browser.ts'
import { startRig, type Rig, type RigOptions } from '../rig/rig.ts'
import { cookieLine } from '../security/attack.ts'
import { until } from '../rig/until.ts'
import { decoded, forgeries } from './forged.ts'

const assertion = { set: { 'X-User-Id': 'id' }, assertion: {} }
const keys = [1, 2, 3].map((fill) => Buffer.alloc(32, fill))
const base64 = (key: Buffer): string => key.toString('base64')

const session = (balance: string | null = '1.00'): UserSession => ({
  tokens: { accessToken: 'a', refreshToken: null, obtainedAt: 0, accessTokenExpiresAt: 0, scope: [] },
  identity: { id: '7', username: 'ada', email: null, balance, status: null, readAt: 0, userinfo: '' },
  createdAt: 0,
  lastSeenAt: 0
})

interface Teardown { after (undo: () => unknown): void }
const startAsserting = (t: Teardown, config: RigOptions['config'] = {}): Promise<Rig> => startRig(t, { config: { headers: assertion, ...config } })

async function jwksOf (rig: Rig): Promise<JSONWebKeySet> {
  return JSON.parse((await rig.newBrowser().fetch('/oauth2/jwks.json')).text)
}

t.test('T-16 the app gets a JWT that the published keys verify, with issuer, audience, subject and what is known of the user', async (t) => {
  const rig = await startAsserting(t)
  await rig.newBrowser().signIn()
  const [token = '', ...more] = rig.upstream.valuesOf('X-User-Assertion')
  t.strictSame(more, [])
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(await jwksOf(rig)), { issuer: publicUrl, audience: 'gw.test', algorithms: ['EdDSA'] })
  t.match(payload, { sub: '12345', username: 'user123', email: 'user@example.com', balance: '750.00' })
  t.ok((payload.exp ?? 0) - (payload.iat ?? 0) === 60)
  t.match(protectedHeader, { alg: 'EdDSA', typ: 'JWT' })
})

t.test('T-16 nobody without our key makes one that verifies', async (t) => {
  const rig = await startAsserting(t)
  await rig.newBrowser().signIn()
  const jwks = await jwksOf(rig)
  const verify = (token: string): Promise<unknown> => jwtVerify(token, createLocalJWKSet(jwks), { issuer: publicUrl, audience: 'gw.test' })
  const [good = ''] = rig.upstream.valuesOf('X-User-Assertion')
  await t.resolves(verify(good))
  for (const [name, token] of Object.entries(forgeries(good, jwks.keys[0]?.x ?? ''))) await t.rejects(verify(token), name)
})

t.test('T-15 a client\'s own never arrives, in no spelling, on no path and with no upgrade, whether assertions are made or not', async (t) => {
  for (const rig of [await startAsserting(t), await startRig(t)]) {
    const cookie = await cookieLine(rig)
    for (const line of ['X-User-Assertion: forged', 'x_user_assertion: forged', 'X-User.Assertion: forged', 'X_USER-ASSERTION: forged']) {
      for (const lines of [[line], [line, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']]) {
        for (const [target, more] of [['/public/a', []], ['/a', [cookie]], ['/public/a', [cookie]]] as const) {
          const before = rig.upstream.seen.length
          await sendRaw(rig.port, get(target, [...lines, ...more]).replace('Connection: close\r\n', lines.length > 1 ? '' : 'Connection: close\r\n'))
          for (const seen of rig.upstream.seen.slice(before)) t.notOk(rig.upstream.valuesOf('X-User-Assertion', seen).includes('forged'), `${line} ${target}`)
        }
      }
    }
    t.ok(rig.upstream.seen.length > 10)
  }
})

t.test('under another name it is that header which is ours, and a client\'s copy of it goes', async (t) => {
  const rig = await startAsserting(t, { headers: { set: {}, assertion: { header: 'X-Signed', ttl: '5m' } } })
  const cookie = await cookieLine(rig)
  await sendRaw(rig.port, get('/a', [cookie, 'X-Signed: forged', 'x_signed: forged', 'X-User-Assertion: forged']))
  const [token, ...more] = rig.upstream.valuesOf('X-Signed')
  t.strictSame(more, [])
  t.equal(decoded(token?.split('.')[1])['sub'], '12345')
  t.strictSame(rig.upstream.valuesOf('X-User-Assertion'), [])
  await sendRaw(rig.port, get('/public/a', ['X-Signed: forged', 'X_Signed: forged']))
  t.strictSame(rig.upstream.valuesOf('X-Signed'), [], 'a stranger has none')
})

t.test('it is made once for many requests, and anew when what is known of the user changes', async (t) => {
  const rig = await startAsserting(t)
  const ada = rig.newBrowser()
  await ada.signIn()
  const tokens = new Set<string | undefined>()
  for (let index = 0; index < 20; index++) {
    await ada.fetch(`/a${index}`)
    tokens.add(rig.upstream.valuesOf('X-User-Assertion')[0])
  }
  t.ok(tokens.size <= 2, `${tokens.size} signatures for 20 requests`)
  rig.emulator.users.set('user123', { balance_formatted: '0.25' })
  rig.emulator.clock.advance('31s')
  await until(async () => {
    await ada.fetch('/a')
    return decoded(rig.upstream.valuesOf('X-User-Assertion')[0]?.split('.')[1])['balance'] === '0.25'
  })
})

t.test('a known one is at hand without a wait; in its second half another is made meanwhile, and one that is nearly over is never given', async (t) => {
  let now = 1_700_000_000_000
  const { of } = await createAssertions({ keys, issuer: publicUrl, ttlMs: 60_000, now: () => now })
  const user = session()
  const first = of(user, 'a')
  t.not(typeof first, 'string')
  t.equal(of(user, 'a'), first, 'who comes meanwhile waits for the same signature')
  const token = await first
  t.equal(of(user, 'a'), token)
  now += 29_000
  t.equal(of(user, 'a'), token)
  now += 2_000
  t.equal(of(user, 'a'), token, 'still good, and at hand')
  await until(() => of(user, 'a') !== token)
  now += 50_000
  const third = of(user, 'a')
  t.not(typeof third, 'string', 'nearly over: waited for')
  t.equal(decoded((await third).split('.')[1])['exp'], Math.floor(now / 1000) + 60)
  t.not(await of(session(), 'a'), await of(session('2.00'), 'a'))
  t.not(await of(user, 'b'), await of(user, 'a'))
})

t.test('many audiences of one session do not fill the memory: the oldest is made anew', async (t) => {
  let now = 1_700_000_000_000
  const { of } = await createAssertions({ keys, issuer: publicUrl, ttlMs: 60_000, now: () => now })
  const user = session()
  const first = await of(user, 'host-0')
  for (let index = 1; index < 20; index++) await of(user, `host-${index}`)
  now += 1_000
  t.not(await of(user, 'host-0'), first)
})

t.test('what is not known is absent, and every text is one', async (t) => {
  const { of } = await createAssertions({ keys, issuer: publicUrl, ttlMs: 60_000, now: () => 0 })
  t.strictSame(decoded((await of(session(null), 'a')).split('.')[1]), { sub: '7', username: 'ada', iss: publicUrl, aud: 'a', iat: 0, exp: 60 })
})

t.test('the audience is the host of the route, whatever a client calls itself', async (t) => {
  t.equal(audienceOf({ host: 'a.test' }, 'b.test', 'gw.test'), 'a.test')
  t.equal(audienceOf({ host: null }, 'b.test', 'gw.test'), 'gw.test')
  t.equal(audienceOf({ host: '*.b.test' }, 'x.b.test', 'gw.test'), 'x.b.test')
})

t.test('T-16 while an older key is configured its assertions verify; when it is gone they do not; the kid of a key never changes', async (t) => {
  const jwksFor = async (order: readonly Buffer[]): Promise<JSONWebKeySet> => jwksOf(await startAsserting(t, { session: { keys: order.map(base64) } }))
  const [one, two, three] = keys as [Buffer, Buffer, Buffer]
  const before = await createAssertions({ keys: [one], issuer: publicUrl, ttlMs: 60_000, now: Date.now })
  const token = await before.of(session(), 'a')
  const overlap = await jwksFor([two, one])
  t.equal(overlap.keys.length, 2)
  t.equal(overlap.keys[1]?.kid, before.jwks.keys[0]?.kid)
  await t.resolves(jwtVerify(token, createLocalJWKSet(overlap)))
  await t.rejects(jwtVerify(token, createLocalJWKSet(await jwksFor([three, two]))))
})

t.test('the published keys are public: no private part, cacheable, no session needed', async (t) => {
  const rig = await startAsserting(t)
  const answer = await rig.newBrowser().fetch('/oauth2/jwks.json')
  t.equal(answer.status, 200)
  t.equal(answer.headers['cache-control'], 'public, max-age=300')
  t.strictSame(Object.keys(JSON.parse(answer.text).keys[0]).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  t.equal((await (await startRig(t)).newBrowser().fetch('/oauth2/jwks.json')).status, 404, 'and absent where none is made')
})

t.test('with forward-auth it stands on the 202, for the host asked about', async (t) => {
  const rig = await startForwardAuth(t, { config: { headers: assertion } })
  const cookie = await cookieLine(rig)
  for (const shape of everyShape) {
    const answer = await askAs(rig, shape, { uri: '/a' }, [cookie, 'X-User-Assertion: forged'])
    t.match(decoded(headerOf(answer, 'x-user-assertion')?.split('.')[1]), { sub: '12345', aud: 'gw.test' })
    t.equal(headerOf(await askAs(rig, shape, { uri: '/public/a' }), 'x-user-assertion'), null)
    t.equal(headerOf(await askAs(rig, shape, { uri: '/admin' }, [cookie]), 'x-user-assertion'), null)
  }
})
