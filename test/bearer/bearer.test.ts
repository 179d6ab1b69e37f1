import t from 'tap'
import { askAs, everyShape, headerOf, passes } from '../forward-auth/ask.ts'
import { signInTo } from '../login/attempt.ts'
import { app } from '../rig/rig.ts'
import { get, sendRaw, type RawAnswer } from '../rig/raw.ts'
import { forgedToken, otherApp, send, startForPrograms, statusOf, strangersToken, tokenFor } from './programs.ts'

const challenge = 'Bearer realm="AIHubMix", error="invalid_token", error_description="The access token is expired, revoked, malformed or not for this app. Get a new one from AIHubMix."'

const bySession = 'AIHubMix login_url="https://gw.test/oauth2/sign_in"'
const bothWays = `${bySession}, Bearer realm="AIHubMix"`

t.test('a token opens a route for programs; the app learns who it is and never sees the token', async (t) => {
  const rig = await startForPrograms(t)
  const token = await tokenFor(rig)
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    t.equal((await sendRaw(rig.port, get('/api/x', [`Authorization: ${scheme} ${token}`]))).status, 200)
    t.strictSame(rig.upstream.valuesOf('X-User-Id'), ['12345'])
    t.strictSame(rig.upstream.valuesOf('X-User-Balance'), ['750.00'])
    t.strictSame(rig.upstream.valuesOf('Authorization'), [])
  }
  t.equal(rig.emulator.count('userinfo'), 1)
  t.notOk(JSON.stringify(rig.upstream.seen).includes(token))
  t.notOk(rig.logged().includes(token), 'and no log holds it')
})

t.test('T-13 with bearer on AIHubMix is asked once about a token it does not know, and says no: 401 as RFC 6750 §3 writes it; the app sees nothing', async (t) => {
  const rig = await startForPrograms(t)
  const answers = await Promise.all(['/api/a', '/site/a', '/paid/a'].map(async (target) => await send(rig, target, stranger)))
  for (const answer of answers) {
    t.equal(answer.status, 401)
    t.equal(headerOf(answer, 'www-authenticate'), challenge)
    t.match(answer.text, /"error":"invalid_token"/)
    t.equal(headerOf(answer, 'set-cookie'), null)
    t.equal(headerOf(answer, 'location'), null)
  }
  t.equal(rig.emulator.count('userinfo'), 1)
  t.equal(rig.upstream.seen.length, 0)
})
const stranger = strangersToken()

t.test('T-13 what is no token at all is a 401 that AIHubMix is not asked for', async (t) => {
  const rig = await startForPrograms(t)
  for (const credentials of ['Bearer', 'Bearer anything', 'Bearer a b', 'Bearer ,', 'Bearer "x"', `Bearer ${'x'.repeat(9_000)}`, 'Bearer é']) {
    const answer = await sendRaw(rig.port, get('/site/a', [`Authorization: ${credentials}`, 'Accept: text/html', 'Sec-Fetch-Mode: navigate']))
    t.equal(answer.status, 401, credentials.slice(0, 20))
    t.equal(headerOf(answer, 'www-authenticate'), challenge)
  }
  t.equal(rig.emulator.count('userinfo'), 0)
  t.equal(rig.upstream.seen.length, 0)
})

t.test('without a Bearer header a route for programs is as any other, and another scheme is the app\'s affair', async (t) => {
  const rig = await startForPrograms(t)
  const refused = await sendRaw(rig.port, get('/api/a', ['Authorization: Basic dTpw']))
  t.match(refused.text, /"error":"login_required"/)
  t.equal(headerOf(refused, 'www-authenticate'), bothWays, 'and says what would be taken, without an error: no token was shown')
  t.equal((await sendRaw(rig.port, get('/site/a', ['Sec-Fetch-Mode: navigate']))).status, 302)
  const browser = rig.newBrowser()
  await signInTo(rig, browser)
  t.equal((await browser.fetch('/site/a', { headers: { authorization: 'Basic dTpw' } })).status, 200)
  t.strictSame(rig.upstream.valuesOf('Authorization'), ['Basic dTpw'])
})

t.test('every 401 names the ways in, a page too: a token only where the route takes one (RFC 6750 §3, RFC 9110 §11.6.1)', async (t) => {
  const rig = await startForPrograms(t)
  const post = (target: string): Promise<RawAnswer> => sendRaw(rig.port, get(target, ['Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Content-Length: 0']).replace('GET', 'POST'))
  const page = await post('/site/form')
  t.equal(page.status, 401)
  t.match(headerOf(page, 'content-type'), 'text/html')
  t.equal(headerOf(page, 'www-authenticate'), bothWays)
  for (const answer of [await post('/closed/form'), await sendRaw(rig.port, get('/closed/a')), await sendRaw(rig.port, get('/oauth2/userinfo'))]) {
    t.equal(answer.status, 401)
    t.equal(headerOf(answer, 'www-authenticate'), bySession)
  }
  for (const shape of everyShape) {
    t.equal(headerOf(await askAs(rig, shape, { uri: '/api/a' }), 'www-authenticate'), bothWays, shape)
    t.equal(headerOf(await askAs(rig, shape, { uri: '/closed/a' }), 'www-authenticate'), bySession, shape)
  }
})

t.test('beside a session the token alone decides, for and against; the cookie is not looked at', async (t) => {
  const rig = await startForPrograms(t)
  const browser = rig.newBrowser()
  await signInTo(rig, browser, '/', 'poor')
  t.equal((await browser.fetch('/api/a', { headers: { authorization: `Bearer ${stranger}` } })).status, 401)
  t.equal(rig.upstream.seen.length, 0)
  const both = await browser.fetch('/api/a', { headers: { authorization: `Bearer ${await tokenFor(rig)}` } })
  t.equal(both.status, 200)
  t.strictSame(both.setCookies, [])
  t.strictSame(rig.upstream.valuesOf('X-User-Id'), ['12345'])
})

t.test('T-113 a token that one route has accepted opens no route without bearer, and each route decides by its own rules', async (t) => {
  const rig = await startForPrograms(t)
  const token = await tokenFor(rig, 'user123')
  const poor = await tokenFor(rig, 'poor')
  t.strictSame([await statusOf(rig, '/api/a', token), await statusOf(rig, '/api/a', poor)], [200, 200])
  t.match((await send(rig, '/closed/a', token)).text, /"error":"login_required"/)
  t.equal(await statusOf(rig, '/vip/a', token), 403)
  t.equal(await statusOf(rig, '/vip/a', await tokenFor(rig, 'rich')), 200)
  t.equal(await statusOf(rig, '/paid/a', token), 200)
  const refused = await send(rig, '/paid/a', poor)
  t.equal(refused.status, 402)
  t.match(refused.text, /"error":"balance_too_low".*"topup_url".*"balance":"0\.02"/)
  t.equal(rig.upstream.seen.length, 4)
})

t.test('T-113 T-104 two apps at one AIHubMix: what one gateway has accepted the other refuses', async (t) => {
  const ours = await startForPrograms(t)
  const theirs = await startForPrograms(t, { config: { aihubmix: { clientId: otherApp.clientId, clientSecret: otherApp.clientSecret, browserUrl: ours.emulator.url, serverUrl: ours.emulator.url, appUrl: ours.emulator.url } } })
  const token = await tokenFor(ours)
  const other = await tokenFor(ours, 'user123', otherApp)
  t.strictSame([await statusOf(ours, '/api/a', token), await statusOf(theirs, '/api/a', other)], [200, 200])
  t.strictSame([await statusOf(ours, '/api/a', other), await statusOf(theirs, '/api/a', token)], [401, 401])
  t.equal(ours.emulator.count('userinfo'), 2)
})

t.test('T-104 a token of another app is refused wherever it names it, though AIHubMix would accept it', async (t) => {
  for (const form of ['client_id', 'aud'] as const) {
    for (const bearerAudience of ['required', 'unchecked']) {
      const rig = await startForPrograms(t, { config: { aihubmix: { bearerAudience } } })
      rig.emulator.faults.set({ kind: 'access_token_form', args: { as: form } })
      const answer = await send(rig, '/api/a', await tokenFor(rig, 'user123', otherApp))
      t.equal(answer.status, 401, `${form} ${bearerAudience}`)
      t.equal(headerOf(answer, 'www-authenticate'), challenge)
      t.equal(await statusOf(rig, '/api/a', await tokenFor(rig)), 200, `ours names us in ${form}`)
      t.equal(rig.emulator.count('userinfo'), 1)
    }
  }
})

t.test('T-104 a token that does not say its app is refused, unless aihubmix.bearerAudience is unchecked', async (t) => {
  for (const form of ['no_client', 'opaque']) {
    const strict = await startForPrograms(t)
    strict.emulator.faults.set({ kind: 'access_token_form', args: { as: form } })
    t.equal(await statusOf(strict, '/api/a', await tokenFor(strict)), 401, form)
    t.equal(strict.emulator.count('userinfo'), 0)
    const { emulator } = strict
    const lax = await startForPrograms(t, { config: { aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, bearerAudience: 'unchecked', browserUrl: emulator.url, serverUrl: emulator.url, appUrl: emulator.url } } })
    t.equal(await statusOf(lax, '/api/a', await tokenFor(strict)), 200, `${form}, unchecked`)
    t.equal(await statusOf(lax, '/api/a', 'anything'), 401, 'and AIHubMix still has to know it')
  }
})

t.test('T-104 an expired token is refused: by its own word at once, even when it was believed a moment ago', async (t) => {
  const rig = await startForPrograms(t)
  const token = await tokenFor(rig)
  rig.emulator.clock.advance('1h59m50s')
  t.equal(await statusOf(rig, '/api/a', token), 200)
  rig.emulator.clock.advance('11s')
  t.equal(await statusOf(rig, '/api/a', token), 401)
  t.equal(rig.emulator.count('userinfo'), 1)
  rig.emulator.faults.set({ kind: 'jwt_exp_mismatch', args: { seconds: -86_400 } })
  t.equal(await statusOf(rig, '/api/a', await tokenFor(rig)), 401)
  t.equal(rig.emulator.count('userinfo'), 1, 'AIHubMix is not asked')
})

t.test('T-104 a token that is revoked after it was believed is refused 30 seconds after at the latest', async (t) => {
  const rig = await startForPrograms(t)
  const token = await tokenFor(rig)
  t.equal(await statusOf(rig, '/api/a', token), 200)
  rig.emulator.grants.revoke('user123')
  rig.emulator.clock.advance('29s')
  t.equal(await statusOf(rig, '/api/a', token), 200, 'the documented time')
  rig.emulator.clock.advance('1s')
  t.equal(await statusOf(rig, '/api/a', token), 401)
  t.equal(rig.upstream.seen.length, 2)
})

t.test('T-104 an account that is disabled is refused within the same time', async (t) => {
  const rig = await startForPrograms(t)
  const token = await tokenFor(rig)
  t.equal(await statusOf(rig, '/api/a', token), 200)
  rig.emulator.users.set('user123', { status: 2 })
  rig.emulator.clock.advance('30s')
  t.match((await send(rig, '/api/a', token)).text, /"error":"account_disabled"/)
})

t.test('many first requests with one token are one call, and so are all within 30 seconds', async (t) => {
  const rig = await startForPrograms(t)
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'userinfo', args: { headers_ms: 200 } })
  const token = await tokenFor(rig)
  const statuses = await Promise.all(Array.from({ length: 40 }, async () => await statusOf(rig, '/api/a', token)))
  t.strictSame(new Set(statuses), new Set([200]))
  rig.emulator.clock.advance('29s')
  await statusOf(rig, '/api/a', token)
  t.equal(rig.emulator.count('userinfo'), 1)
})

t.test('a refusal is remembered for 5 seconds, so a program that asks in a loop costs AIHubMix little', async (t) => {
  const rig = await startForPrograms(t)
  for (let time = 0; time < 5; time++) t.equal(await statusOf(rig, '/api/a', stranger), 401)
  t.equal(rig.emulator.count('userinfo'), 1)
  rig.emulator.clock.advance('6s')
  t.equal(await statusOf(rig, '/api/a', stranger), 401)
  t.equal(rig.emulator.count('userinfo'), 2)
})

t.test('unknown tokens are asked about 20 times a minute for one address; others and whoever is known are served on', async (t) => {
  const rig = await startForPrograms(t)
  const known = await tokenFor(rig)
  t.equal(await statusOf(rig, '/api/a', known), 200)
  const statuses = await Promise.all(Array.from({ length: 60 }, async () => await statusOf(rig, '/api/a', strangersToken())))
  t.same([statuses.filter((status) => status === 401).length, statuses.filter((status) => status === 429).length], [20, 40])
  t.equal(rig.emulator.count('userinfo'), 21)
  const refused = await send(rig, '/api/a', strangersToken())
  const seconds = Number(headerOf(refused, 'retry-after'))
  t.ok(seconds >= 1 && seconds <= 60, `${seconds}`)
  rig.emulator.clock.advance('31s')
  t.equal(await statusOf(rig, '/api/a', known), 200, 'a known one is read again')
  t.equal(await statusOf(rig, '/api/a', await tokenFor(rig, 'rich'), '203.0.113.9'), 200, 'another address')
  rig.emulator.clock.advance('30s')
  t.equal(await statusOf(rig, '/api/a', strangersToken()), 401)
})

t.test('an IPv6 line counts as one, whichever of its 2^64 addresses each request comes from', async (t) => {
  const rig = await startForPrograms(t)
  const statuses = await Promise.all(Array.from({ length: 40 }, async (_one, index) => await statusOf(rig, '/api/a', strangersToken(), `2001:db8:1:2:${index}::${index}`)))
  t.same([statuses.filter((status) => status === 401).length, statuses.filter((status) => status === 429).length], [20, 20])
  t.equal(await statusOf(rig, '/api/a', strangersToken(), '2001:db8:1:3::1'), 401, 'the line beside it')
})

t.test('from however many addresses, unknown tokens take a third of aihubmix.budget; sign-ins go on', async (t) => {
  const rig = await startForPrograms(t)
  const statuses = await Promise.all(Array.from({ length: 120 }, async (_one, index) => await statusOf(rig, '/api/a', strangersToken(), `203.0.113.${index}`)))
  t.same([statuses.filter((status) => status === 401).length, statuses.filter((status) => status === 503).length], [50, 70])
  t.equal(rig.emulator.count('userinfo'), 50)
  const refused = await send(rig, '/api/a', strangersToken(), [], '203.0.113.200')
  t.ok(Number(headerOf(refused, 'retry-after')) >= 1)
  const browser = rig.newBrowser()
  t.equal((await signInTo(rig, browser)).status, 303)
})

t.test('good tokens are not counted, however many come', async (t) => {
  const rig = await startForPrograms(t)
  for (let time = 0; time < 30; time++) t.equal(await statusOf(rig, '/api/a', await tokenFor(rig)), 200)
})

t.test('while AIHubMix is away a token is a 503 with Retry-After, never a 401; one that is believed opens on', async (t) => {
  const rig = await startForPrograms(t)
  const token = await tokenFor(rig)
  const fresh = await tokenFor(rig, 'rich')
  t.equal(await statusOf(rig, '/paid/a', token), 200)
  rig.emulator.users.set('user123', { balance_formatted: '0' })
  for (const fault of [{ kind: 'status', args: { code: 503 } }, { kind: 'reset_connection' }, { kind: 'rate_limit', args: { n: 1 } }] as const) {
    rig.emulator.faults.clear()
    rig.emulator.faults.set({ ...fault, endpoint: 'userinfo' })
    if (fault.kind === 'rate_limit') await fetch(`${rig.emulator.url}/api/oauth2/userinfo`)
    const answer = await send(rig, '/api/a', fresh)
    t.equal(answer.status, 503, fault.kind)
    t.ok(Number(headerOf(answer, 'retry-after')) >= 1)
    t.equal(await statusOf(rig, '/api/a', token), 200)
  }
  rig.emulator.clock.advance('31s')
  t.equal(await statusOf(rig, '/api/a', token), 503)
  rig.emulator.faults.clear()
  rig.emulator.clock.advance('2m')
  t.equal(await statusOf(rig, '/api/a', fresh), 200)
})

t.test('nobody is turned away over an old balance: it is read again before a 402', async (t) => {
  const rig = await startForPrograms(t)
  const token = await tokenFor(rig, 'poor')
  t.equal(await statusOf(rig, '/paid/a', token), 402)
  rig.emulator.users.set('poor', { balance_formatted: '20' })
  rig.emulator.clock.advance('3s')
  t.equal(await statusOf(rig, '/paid/a', token), 200)
})

t.test('an outage is not remembered as a word about the token, and what is known of a balance goes on', async (t) => {
  const rig = await startForPrograms(t)
  const token = await tokenFor(rig, 'poor')
  rig.emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 503 } })
  t.equal(await statusOf(rig, '/api/a', token), 503)
  rig.emulator.faults.clear()
  t.equal(await statusOf(rig, '/api/a', token), 200, 'at once')
  rig.emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 503 } })
  rig.emulator.clock.advance('3s')
  t.equal(await statusOf(rig, '/paid/a', token), 402)
  t.equal(await statusOf(rig, '/api/a', token), 200)
})

t.test('rateLimit counts the user, by token or by session', async (t) => {
  const rig = await startForPrograms(t)
  const browser = rig.newBrowser()
  await signInTo(rig, browser)
  t.equal((await browser.fetch('/slow/a')).status, 200)
  t.equal(await statusOf(rig, '/slow/a', await tokenFor(rig)), 200)
  t.equal(await statusOf(rig, '/slow/a', await tokenFor(rig)), 429)
  t.equal(await statusOf(rig, '/slow/a', await tokenFor(rig, 'rich')), 200)
})

t.test('forward-auth gives the same answers to tokens', async (t) => {
  const rig = await startForPrograms(t)
  const token = await tokenFor(rig)
  for (const shape of everyShape) {
    const lines = [`Authorization: Bearer ${token}`]
    const allowed = await askAs(rig, shape, { uri: '/api/a' }, lines)
    t.equal(allowed.status, passes(shape), shape)
    t.equal(headerOf(allowed, 'x-user-id'), '12345')
    t.equal((await askAs(rig, shape, { uri: '/vip/a' }, lines)).status, 403)
    t.equal((await askAs(rig, shape, { uri: '/closed/a' }, lines)).status, 401)
    const refused = await askAs(rig, shape, { uri: '/api/a' }, [`Authorization: Bearer ${forgedToken({ client_id: otherApp.clientId })}`])
    t.equal(refused.status, 401)
    t.equal(headerOf(refused, 'www-authenticate'), challenge)
  }
  t.equal(rig.emulator.count('userinfo'), 1)
})
