import { gunzipSync } from 'node:zlib'
import { request } from 'undici'
import t from 'tap'
import type { Emulator, Fault } from '../../src/emulator/emulator.ts'
import { app, authorizePath, emulatorFor, get, jsonAnswer, redeem, redirectOf, refresh, signedIn, signInOnPage, userinfo } from './start.ts'

const textOf = async (emulator: Emulator, path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> => (await fetch(`${emulator.url}${path}`, { headers })).text()

t.test('many emulators run side by side, on loopback, each with a world of its own (E-01)', async (t) => {
  const emulators = await Promise.all(Array.from({ length: 5 }, () => emulatorFor(t)))
  const [first, ...others] = emulators
  first?.users.set('user123', { balance_formatted: '1.00' })
  for (const other of others) t.equal(other.users.get('user123').balance_formatted, '750.00')
  for (const { url } of emulators) t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
})

t.test('every answer names itself an emulator\'s (E-03)', async (t) => {
  const emulator = await emulatorFor(t)
  for (const path of ['/api/status', '/api/oauth2/userinfo', authorizePath(), '/status', '/anything', '/__emulator/state']) {
    t.equal((await fetch(`${emulator.url}${path}`)).headers.get('x-aihubmix-emulator'), '1', path)
  }
})

t.test('what a client sent can be read afterwards: method, path, headers and body (E-04)', async (t) => {
  const emulator = await emulatorFor(t)
  await redeem(emulator, 'a+code')
  t.match(emulator.requests, [{ method: 'POST', path: '/api/oauth2/token', headers: { 'content-type': /form-urlencoded/ }, body: { code: 'a+code', client_id: app.clientId } }])
})

t.test('the status is public and tells the unit of quota (E-25)', async (t) => {
  const emulator = await emulatorFor(t)
  t.match(await jsonAnswer(await fetch(`${emulator.url}/api/status`)), { status: 200, body: { success: true, data: { quota_per_unit: 500_000, display_in_currency: true, version: /./ } } })
})

t.test('answers are gzipped for who takes it, carry a request id, and have no CORS unless it is switched on (E-26)', async (t) => {
  const emulator = await emulatorFor(t)
  const { headers, body } = await request(`${emulator.url}/api/status`, { headers: { 'accept-encoding': 'gzip' } })
  t.equal(headers['content-encoding'], 'gzip')
  t.match(gunzipSync(Buffer.from(await body.arrayBuffer())).toString(), '"quota_per_unit":500000')
  t.match(headers['x-oneapi-request-id'], /^[0-9a-f]{24}$/)
  t.equal(headers['access-control-allow-origin'], undefined)
  const preflight = { method: 'OPTIONS', headers: { origin: 'https://app.test', 'access-control-request-method': 'POST' } }
  t.equal((await fetch(`${emulator.url}/api/oauth2/token`, preflight)).status, 404)
  emulator.faults.set({ kind: 'cors' })
  const allowed = await fetch(`${emulator.url}/api/oauth2/token`, preflight)
  t.same([allowed.status, allowed.headers.get('access-control-allow-origin'), allowed.headers.get('access-control-allow-headers')], [204, '*', 'authorization, content-type'])
  t.equal((await fetch(`${emulator.url}/api/status`)).headers.get('access-control-allow-origin'), '*')
})

t.test('an unknown path is a page, below /api JSON 404, and can be made either (E-27)', async (t) => {
  const emulator = await emulatorFor(t)
  const seen = async (path: string) => {
    const { status, headers } = await fetch(`${emulator.url}${path}`)
    return [status, headers.get('content-type')?.split(';')[0]]
  }
  t.same([await seen('/oauth2/userinfo'), await seen('/api/oauth/userinfo')], [[200, 'text/html'], [404, 'application/json']])
  emulator.faults.set({ kind: 'unknown_path', args: { as: 'html' } })
  t.same(await seen('/api/oauth/userinfo'), [200, 'text/html'])
})

t.test('a limit of calls per address: 429 with nothing else, as one-api says it, until the window has moved on (E-53)', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  emulator.faults.set({ kind: 'rate_limit', args: { n: 3, window_seconds: 60 } })
  const statuses = []
  for (let call = 0; call < 5; call++) statuses.push((await get(emulator, '/api/oauth2/userinfo', tokens.accessToken)).status)
  t.same(statuses, [200, 200, 200, 429, 429])
  const { headers, status } = await get(emulator, '/api/oauth2/topup', tokens.accessToken)
  t.same([status, headers.get('retry-after'), headers.get('content-type'), headers.get('content-length')], [429, null, null, '0'], 'of all endpoints together')
  t.equal(emulator.count('rate_limited'), 3)
  emulator.clock.advance('60s')
  t.equal((await userinfo(emulator, tokens)).status, 200)
})

t.test('a limit may say when to come again, in seconds or as a date, and with a body (E-53)', async (t) => {
  const emulator = await emulatorFor(t)
  const refused = async (args: Fault['args']) => {
    emulator.faults.clear()
    emulator.faults.set({ kind: 'rate_limit', endpoint: 'status', args: { n: 1, window_seconds: 90, ...args } })
    await fetch(`${emulator.url}/api/status`)
    emulator.clock.advance('30s')
    const response = await fetch(`${emulator.url}/api/status`)
    return { after: response.headers.get('retry-after') ?? '', text: await response.text() }
  }
  t.equal((await refused({ retry_after: 'seconds' })).after, '60')
  const { after, text } = await refused({ retry_after: 'date', body: 'json' })
  t.ok(Math.abs(Date.parse(after) - emulator.clock.now() - 60_000) < 1_000)
  t.match(JSON.parse(text), { success: false })
})

t.test('a body can drip, end too early, or be reset half way (E-54)', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.faults.set({ kind: 'slow', args: { body_bytes_per_s: 1000 }, count: 1 })
  const startedAt = performance.now()
  t.match(JSON.parse(await textOf(emulator, '/api/status', { 'accept-encoding': 'identity' })), { success: true })
  t.ok(performance.now() - startedAt > 90, 'more than 100 bytes at 1000 a second')
  for (const fault of [{ kind: 'close_early' }, { kind: 'reset_connection', args: { when: 'mid' } }] as const) {
    emulator.faults.set({ ...fault, count: 1 })
    await t.rejects(textOf(emulator, '/api/status'), fault.kind)
  }
  t.match(await textOf(emulator, '/api/status'), 'success')
})

t.test('a small gzip becomes a huge body (E-55)', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.faults.set({ kind: 'gzip_bomb', args: { bytes: 8_000_000 } })
  const { headers, body } = await request(`${emulator.url}/api/status`)
  t.equal(headers['content-encoding'], 'gzip')
  const packed = Buffer.from(await body.arrayBuffer())
  t.ok(packed.length < 50_000 && gunzipSync(packed).length === 8_000_002)
})

t.test('a BOM, null, a list, another content type or none (E-55)', async (t) => {
  const emulator = await emulatorFor(t)
  const withFault = async (fault: Fault) => {
    emulator.faults.set({ ...fault, count: 1 })
    const { headers, body } = await request(`${emulator.url}/api/status`)
    return { type: headers['content-type'], text: Buffer.from(await body.arrayBuffer()).toString() }
  }
  t.match(await withFault({ kind: 'bom' }), { text: /^\uFEFF\{/ })
  t.match(await withFault({ kind: 'null' }), { text: 'null' })
  t.match(await withFault({ kind: 'array' }), { text: /^\[\{.*\}\]$/ })
  t.match(await withFault({ kind: 'wrong_content_type' }), { type: 'text/plain' })
  t.same((await withFault({ kind: 'wrong_content_type', args: { value: 'none' } })).type, undefined)
})

t.test('messages are Chinese or English as told (E-56)', async (t) => {
  const emulator = await emulatorFor(t)
  const description = async () => (await redeem(emulator, 'x')).body['error_description']
  emulator.faults.set({ kind: 'lang', args: { as: 'zh' }, count: 1 })
  t.equal(await description(), '無效的請求')
  emulator.faults.set({ kind: 'lang', args: { as: 'en' }, count: 1 })
  t.equal(await description(), 'The request is not valid.')
})

t.test('AIHubMix\'s clock can be off: its Date and its expiries follow, the clients\' time does not, and the fault ends (E-57)', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  const before = emulator.clock.trueNow()
  emulator.faults.set({ kind: 'clock_skew', args: { by: '3h' }, lasts: '1m' })
  t.equal(emulator.clock.trueNow(), before)
  t.equal(emulator.clock.now(), before + 3 * 3_600_000)
  const { headers, status } = await get(emulator, '/api/oauth2/userinfo', tokens.accessToken)
  t.same([status, Date.parse(headers.get('date') ?? '')], [401, Math.floor((before + 3 * 3_600_000) / 1000) * 1000])
  emulator.clock.advance('1m')
  t.equal((await userinfo(emulator, tokens)).status, 200)
})

t.test('a token can show another end than expires_in says, and works all the same (E-57)', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.faults.set({ kind: 'jwt_exp_mismatch', args: { seconds: -86_400 } })
  const first = await signedIn(emulator)
  const { body } = await refresh(emulator, first.refreshToken)
  for (const token of [first.accessToken, String(body['access_token'])]) {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    t.ok(claims.exp < emulator.clock.now() / 1000)
    t.equal((await userinfo(emulator, { accessToken: token })).status, 200)
  }
  t.equal(body['expires_in'], 7200)
})

t.test('authorize: no state, repeated parameters, code and error at once, no one click, PKCE refused, + is no space (E-58)', async (t) => {
  const emulator = await emulatorFor(t)
  const { cookie } = await signInOnPage(emulator, 'user123', '/user/authorizations')
  const withFault = async (fault: Fault, parameters: Readonly<Record<string, string>> = {}, encode = (path: string) => path) => {
    emulator.faults.clear()
    emulator.faults.set(fault)
    return fetch(`${emulator.url}${encode(authorizePath({ auto_authorize: 'true', ...parameters }))}`, { redirect: 'manual', headers: { cookie } })
  }
  t.same([...redirectOf(await withFault({ kind: 'drop_state' })).searchParams.keys()], ['code'])
  t.same([...redirectOf(await withFault({ kind: 'duplicate_params' })).searchParams.keys()], ['code', 'state', 'code', 'state'])
  t.same([...redirectOf(await withFault({ kind: 'code_and_error' })).searchParams.keys()], ['code', 'state', 'error'])
  const challenge = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' }
  t.equal(redirectOf(await withFault({ kind: 'pkce', args: { as: 'reject' } }, challenge)).searchParams.get('error'), 'invalid_request')
  t.ok(redirectOf(await withFault({ kind: 'pkce', args: { as: 'ignore' } }, challenge)).searchParams.has('code'))
  t.equal(redirectOf(await withFault({ kind: 'strict_scope_encoding' })).searchParams.get('error'), 'invalid_scope')
  t.ok(redirectOf(await withFault({ kind: 'strict_scope_encoding' }, {}, (path) => path.replaceAll('+', '%20'))).searchParams.has('code'))
  const other = await emulatorFor(t)
  other.faults.set({ kind: 'ignore_auto_authorize' })
  const { response } = await signInOnPage(other, 'user123', authorizePath({ auto_authorize: 'true' }))
  t.match(await response.text(), 'data-action="allow"')
})

t.test('a fault can be kept to one sign-in: the other of the same user goes on', async (t) => {
  const emulator = await emulatorFor(t)
  const [first, second] = [await signedIn(emulator), await signedIn(emulator)]
  const state = JSON.parse(await textOf(emulator, '/__emulator/grants', { authorization: `Bearer ${emulator.controlToken}` }))
  const grant = state[0].families[0]
  emulator.faults.set({ kind: 'status', args: { code: 503 }, match: { grant } })
  t.same([(await userinfo(emulator, first)).status, (await userinfo(emulator, second)).status], [503, 200])
  emulator.faults.clear()
  emulator.faults.set({ kind: 'revoke_grant', match: { grant } })
  t.same([(await userinfo(emulator, first)).status, (await userinfo(emulator, second)).status], [401, 200])
  t.equal(emulator.grants.all().length, 1, 'the consent stays')
})

t.test('the control API takes integers of any size, digit for digit, as a number or written out', async (t) => {
  const emulator = await emulatorFor(t)
  const { accessToken } = await signedIn(emulator)
  for (const quota of ['9223372036854775807', '{"integer":"9223372036854775807"}']) {
    const response = await fetch(`${emulator.url}/__emulator/users`, { method: 'POST', headers: { authorization: `Bearer ${emulator.controlToken}` }, body: `{"username":"user123","fields":{"quota":${quota}}}` })
    t.match(await response.text(), '"quota":9223372036854775807')
    t.match(await (await get(emulator, '/api/oauth2/userinfo', accessToken)).text(), '"quota":9223372036854775807')
  }
})
