import t from 'tap'
import type { Fault } from '../../src/emulator/emulator.ts'
import { app, authorizePath, emulatorFor, get, jsonAnswer, redeem, redirectOf, refresh, signedIn, userinfo } from './start.ts'

t.test('a fault with a count acts that often, and faults of one stage follow each other', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 503 }, count: 1 })
  emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 429, body: 'oauth', retry_after: 7 }, count: 1 })
  const statuses = []
  for (let call = 0; call < 3; call++) statuses.push((await userinfo(emulator, tokens)).status)
  t.same(statuses, [503, 429, 200])
  t.equal(emulator.count('userinfo'), 3)
})

t.test('a fault acts on its user only, and ends with its time', async (t) => {
  const emulator = await emulatorFor(t)
  const [mine, other] = [await signedIn(emulator, 'user123'), await signedIn(emulator, 'rich')]
  emulator.faults.set({ kind: 'status', endpoint: 'userinfo', match: { user: 'user123' }, lasts: '1m' })
  t.same([(await userinfo(emulator, mine)).status, (await userinfo(emulator, other)).status], [503, 200])
  emulator.clock.advance('1m')
  t.equal((await userinfo(emulator, mine)).status, 200)
})

t.test('members of the token answer can be left out or replaced, together (E-51)', async (t) => {
  const emulator = await emulatorFor(t)
  const { refreshToken } = await signedIn(emulator)
  const faults: readonly Fault[] = [{ kind: 'omit_refresh_token' }, { kind: 'expires_in', args: { value: '7200' } }, { kind: 'token_type', args: { value: 'mac' } }, { kind: 'wrap' }]
  faults.forEach(emulator.faults.set)
  const { body } = await refresh(emulator, refreshToken)
  t.match(body, { success: true, data: { expires_in: '7200', token_type: 'mac', scope: 'profile balance' } })
  t.notOk('refresh_token' in Object(body['data']))
})

t.test('ids, missing and extra members of userinfo (E-56)', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  emulator.faults.set({ kind: 'ids', args: { as: 'string' } })
  emulator.faults.set({ kind: 'drop_fields', args: { fields: ['email'] } })
  emulator.faults.set({ kind: 'extra_fields', args: { fields: { group: 'vip' } } })
  const { body } = await userinfo(emulator, tokens)
  t.match(body, { id: '12345', group: 'vip' })
  t.notOk('email' in body)
})

t.test('a status comes with a body of the wanted kind (E-52)', async (t) => {
  const emulator = await emulatorFor(t)
  const { accessToken } = await signedIn(emulator)
  const answerTo = async (body: string) => {
    emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 401, body }, count: 1 })
    const response = await get(emulator, '/api/oauth2/userinfo', accessToken)
    return [response.status, (response.headers.get('content-type') ?? 'none').split(';')[0], (await response.text()).slice(0, 16)]
  }
  t.same(await answerTo('oauth'), [401, 'application/json', '{"error":"invali'])
  t.same(await answerTo('envelope200'), [200, 'application/json', '{"success":false'])
  t.same(await answerTo('html'), [401, 'text/html', '<!doctype html><'])
  t.same(await answerTo('empty'), [401, 'none', ''])
})

t.test('broken bodies: malformed, truncated, huge, and a redirect (E-55)', async (t) => {
  const emulator = await emulatorFor(t)
  const { accessToken } = await signedIn(emulator)
  const textWith = async (fault: Fault) => {
    emulator.faults.set({ ...fault, endpoint: 'userinfo', count: 1 })
    return (await get(emulator, '/api/oauth2/userinfo', accessToken)).text()
  }
  const malformed = await textWith({ kind: 'malformed_json' })
  t.throws(() => JSON.parse(malformed))
  t.notMatch(await textWith({ kind: 'truncated' }), '}')
  t.ok((await textWith({ kind: 'huge_body', args: { bytes: 300_000 } })).length > 300_000)
  emulator.faults.set({ kind: 'redirect', args: { to: 'https://attacker.example/' } })
  const response = await fetch(`${emulator.url}/api/oauth2/userinfo`, { redirect: 'manual' })
  t.same([response.status, response.headers.get('location')], [302, 'https://attacker.example/'])
})

t.test('a connection reset before is not processed; one reset after has spent the refresh token (E-54)', async (t) => {
  const emulator = await emulatorFor(t)
  const { refreshToken } = await signedIn(emulator)
  emulator.faults.set({ kind: 'reset_connection', args: { when: 'before' }, count: 1 })
  await t.rejects(refresh(emulator, refreshToken))
  t.equal(emulator.count('refresh_token'), 0)
  emulator.faults.set({ kind: 'reset_connection', args: { when: 'after_processing' }, count: 1 })
  await t.rejects(refresh(emulator, refreshToken))
  t.equal(emulator.count('refresh_token'), 1)
  t.match(await refresh(emulator, refreshToken), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('a hanging endpoint answers nothing, and the emulator still closes (E-54)', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.faults.set({ kind: 'hang' })
  const aborted = new AbortController()
  const pending = fetch(`${emulator.url}/api/status`, { signal: aborted.signal })
  while (emulator.requests.length === 0) await new Promise(setImmediate)
  aborted.abort()
  await t.rejects(pending, { name: 'AbortError' })
})

t.test('a slow answer is late by what was asked for', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.faults.set({ kind: 'slow', args: { headers_ms: 40 } })
  const startedAt = performance.now()
  await fetch(`${emulator.url}/api/status`)
  t.ok(performance.now() - startedAt >= 39)
})

t.test('tokens expire and grants end at once when told to (E-50)', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  emulator.faults.set({ kind: 'expire_access_now', match: { user: 'user123' } })
  t.equal((await userinfo(emulator, tokens)).status, 401)
  emulator.faults.set({ kind: 'revoke_all' })
  t.equal((await refresh(emulator, tokens.refreshToken)).status, 400)
  t.same([emulator.grants.all(), emulator.faults.all()], [[], []])
})

t.test('authorize can answer an error, and a code with a wrong state (E-58)', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.faults.set({ kind: 'error', args: { code: 'temporarily_unavailable' }, count: 1 })
  const response = await fetch(`${emulator.url}${authorizePath()}`, { redirect: 'manual' })
  t.equal(redirectOf(response).search, '?error=temporarily_unavailable&state=state-1')
  emulator.faults.set({ kind: 'tamper_state' })
  const login = await fetch(`${emulator.url}/login`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ username: 'user123', next: authorizePath({ auto_authorize: 'true' }) }) })
  t.equal(redirectOf(login).searchParams.get('state'), 'state-1x')
})

t.test('top-up links of every unsafe form (E-59)', async (t) => {
  const emulator = await emulatorFor(t)
  const { accessToken } = await signedIn(emulator)
  const linkWith = async (kind: Fault['kind']) => {
    emulator.faults.set({ kind, count: 1 })
    return (await jsonAnswer(await get(emulator, '/api/oauth2/topup', accessToken))).body['topup_url']
  }
  t.equal(await linkWith('missing'), undefined)
  t.match(await linkWith('http'), /^http:\/\/console\.aihubmix\.com\/topup/)
  t.match(await linkWith('javascript'), /^javascript:/)
  t.match(await linkWith('foreign_host'), /^https:\/\/attacker\.example\//)
  t.match(await linkWith('relative'), /^\/topup\?token=/)
})

t.test('every preset starts, and a wrong preset or a public address does not', async (t) => {
  for (const preset of ['happy', 'guide-exact', 'rfc-strict', 'rotation-reuse', 'oneapi-like', 'newapi-like', 'brownout', 'down', 'revoked-mid-session', 'china-split']) {
    t.ok(await emulatorFor(t, { preset }), preset)
  }
  await t.rejects(emulatorFor(t, { preset: 'chaos' }), { message: /Known: happy/ })
  await t.rejects(emulatorFor(t, { host: '0.0.0.0' }), { message: /loopback only/ })
})

t.test('oneapi-like refuses with 200 and success false', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'oneapi-like' })
  t.match(await redeem(emulator, 'nonsense'), { status: 200, body: { success: false } })
  t.match((await userinfo(emulator, await signedIn(emulator))).body, { balance_formatted: '2.00' })
})

t.test('the cross-origin opener policy can be switched on (E-17)', async (t) => {
  const emulator = await emulatorFor(t, { apps: [app] })
  emulator.faults.set({ kind: 'opener_policy' })
  t.equal((await fetch(`${emulator.url}${authorizePath()}`)).headers.get('cross-origin-opener-policy'), 'same-origin')
})

t.test('a misspelt argument is refused instead of doing nothing', async (t) => {
  const emulator = await emulatorFor(t)
  t.throws(() => emulator.faults.set({ kind: 'slow', args: { ms: 50 } }), { message: /no argument ms. It reads: headers_ms/ })
})

t.test('a fault with likelihood follows the seed', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 503 }, probability: 0.5 })
  const statuses = []
  for (let call = 0; call < 40; call++) statuses.push((await userinfo(emulator, tokens)).status)
  const failures = statuses.filter((status) => status === 503).length
  t.ok(failures > 8 && failures < 32, `${failures} of 40`)
})
