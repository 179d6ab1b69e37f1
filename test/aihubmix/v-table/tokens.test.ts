import t from 'tap'
import { open, navigation, sessionCookie } from '../../login/attempt.ts'
import { startRedis } from '../../rig/redis.ts'
import { until } from '../../rig/until.ts'
import { accepted, metric, only, out, refused, signedIn, startWorld, told } from './world.ts'

t.test('V-10 without a refresh token the session lives as long as the access token, then the person signs in again', async (t) => {
  const world = await startWorld(t)
  only(world, { kind: 'omit_refresh_token' })
  const ada = await accepted(world)
  world.rig.emulator.clock.advance('1h59m')
  t.equal((await open(ada, '/a')).status, 200)
  world.rig.emulator.clock.advance('2m')
  await out(world, ada)
  t.equal(world.rig.emulator.count('refresh_token'), 0)
  t.match(world.rig.logged(), /"audit":"session_over".*"end":"no_refresh_token"/)
  t.equal(await metric(world, 'sessions_ended_total', { reason: 'no_refresh_token' }), 1)
})

t.test('V-11 a refresh without a new refresh token keeps the old one', async (t) => {
  const world = await startWorld(t)
  const { emulator } = world.rig
  const ada = await accepted(world)
  only(world, { kind: 'omit_refresh_token' }, { kind: 'rotation', args: { mode: 'off' } })
  for (let round = 1; round <= 2; round++) {
    emulator.clock.advance('2h')
    t.equal((await open(ada, '/a')).status, 200)
    t.equal(emulator.count('refresh_token'), round)
  }
  const sent = emulator.requests.filter(({ body }) => body['grant_type'] === 'refresh_token').map(({ body }) => body['refresh_token'])
  t.equal(new Set(sent).size, 1)
})

t.test('V-12 a new refresh token takes the place of the old one before the new access token is used', async (t) => {
  const world = await startWorld(t)
  const { emulator } = world.rig
  const ada = await accepted(world)
  only(world, { kind: 'rotation', args: { mode: 'on' } })
  for (let round = 1; round <= 3; round++) {
    emulator.clock.advance('2h')
    t.equal((await open(ada, '/a')).status, 200)
  }
  const sent = emulator.requests.filter(({ body }) => body['grant_type'] === 'refresh_token').map(({ body }) => body['refresh_token'])
  t.same([sent.length, new Set(sent).size], [3, 3], 'none was sent twice')
  t.equal(await metric(world, 'token_refreshes_total', { outcome: 'success' }), 3)
})

t.test('V-13 with reuse detection two replicas spend a refresh token once, however many ask', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const world = await startWorld(t, { replicas: 2, redisUrl: redis.url })
  const { rig } = world
  const ada = await accepted(world)
  only(world, { kind: 'rotation', args: { mode: 'on_with_reuse_detection' } }, { kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 300 } })
  const replicas = rig.replicas.map(({ url }) => ada.via(url))
  for (let round = 1; round <= 2; round++) {
    rig.emulator.clock.advance('2h')
    const answers = await Promise.all(Array.from({ length: 60 }, (_value, index) => replicas[index % 2]?.fetch('/a', { headers: navigation })))
    t.same(new Set(answers.map((answer) => answer?.status)), new Set([200]))
    t.equal(rig.emulator.count('refresh_token'), round)
  }
})

t.test('V-14 the answer to a refresh is lost: asked once more; invalid_grant then leads to sign in, and there is no loop', async (t) => {
  const world = await startWorld(t)
  const { emulator } = world.rig
  const kept = await signedIn(world)
  only(world, { kind: 'rotation', args: { mode: 'off' } }, { kind: 'reset_connection', endpoint: 'refresh_token', args: { when: 'after_processing' }, count: 1 })
  emulator.clock.advance('2h')
  t.equal((await open(kept, '/a')).status, 503, 'still signed in')
  emulator.clock.advance('20s')
  t.equal((await open(kept, '/a')).status, 200, 'where the old token still works, nothing was lost')

  const lost = await signedIn(world, 'rich')
  only(world, { kind: 'rotation', args: { mode: 'on' } }, { kind: 'reset_connection', endpoint: 'refresh_token', args: { when: 'after_processing' }, count: 1 })
  emulator.clock.advance('2h')
  const before = emulator.count('refresh_token')
  t.equal((await open(lost, '/a')).status, 503)
  emulator.clock.advance('20s')
  t.equal((await open(lost, '/a')).status, 302, 'led to sign in')
  for (let click = 0; click < 5; click++) await open(lost, '/a')
  t.equal(emulator.count('refresh_token'), before + 2, 'asked once more, and no more')
  t.match(world.rig.logged(), /"end":"invalid_grant"/)
  t.equal(await metric(world, 'sessions_ended_total', { reason: 'invalid_grant' }), 1)
})

t.test('V-15 expires_in: a text is a number, nothing and nonsense are two hours and said once, a day is the most', async (t) => {
  const world = await startWorld(t)
  const { emulator } = world.rig
  const livesAtLeast = async (value: unknown, ms: number) => {
    only(world, value === undefined ? { kind: 'omit_expires_in' } : { kind: 'expires_in', args: { value } }, { kind: 'omit_refresh_token' })
    const ada = await accepted(world)
    emulator.clock.advance(ms - 60_000)
    emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 503 } })
    const { status } = await open(ada, '/a')
    emulator.clock.advance(60_001)
    const { status: after } = await open(ada, '/a')
    t.ok(status === 200 || status === 503, `${JSON.stringify(value)} lives ${ms} ms: ${status}`)
    t.equal(after, 302, `${JSON.stringify(value)} lives no longer`)
  }
  for (const value of [7200, '7200', 7200.9, undefined, null, 0, -1, 'soon', '', {}]) await livesAtLeast(value, value === 7200.9 ? 7_200_900 : 7_200_000)
  for (const value of [86_400, 90_000, 7_200_000, 2_592_001]) await livesAtLeast(value, 86_400_000)
  t.equal(world.rig.logged().split('has no usable expires_in').length, 2, 'said once')
})

t.test('V-16 token_type is bearer in any case or nothing; anything else is refused', async (t) => {
  const world = await startWorld(t)
  for (const value of ['bearer', 'BEARER', 'Bearer', null]) {
    only(world, { kind: 'token_type', args: { value } })
    await accepted(world)
  }
  t.match(world.rig.logged(), 'has no token_type')
  for (const value of ['mac', 'DPoP', '', 7]) {
    only(world, { kind: 'token_type', args: { value } })
    await refused(world, 502, 'provider_bad_response')
  }
})

t.test('V-17 scope in any writing is read; a smaller one turns the balance off', async (t) => {
  const world = await startWorld(t)
  for (const value of [null, 'profile balance', 'balance profile', 'profile,balance', ['profile', 'balance']]) {
    only(world, { kind: 'scope', args: { value } })
    t.equal(await told(world, await accepted(world), 'X-User-Balance'), '750.00', JSON.stringify(value))
  }
  only(world)
  t.equal(await told(world, await accepted(world, '116', 'scoped'), 'X-User-Balance'), undefined)
})

t.test('V-18 an access token is opaque, but it has to be one and to fit into a header', async (t) => {
  const world = await startWorld(t)
  for (const value of ['', ' ', 'a b', 'a\r\nX-Evil: 1', 'ä', null, 7]) {
    only(world, { kind: 'access_token', args: { value } })
    await refused(world, 502, 'provider_bad_response')
  }
  // A token of 9 KiB is used as it is: the emulator does not know it, and says so.
  only(world, { kind: 'access_token', args: { value: 'x'.repeat(9 * 1024) } })
  await refused(world, 502, 'exchange_failed')
  t.match(world.rig.emulator.requests.at(-1)?.headers['authorization'], /^Bearer x{9216}$/)
})

t.test('V-19 members nobody asked for are ignored', async (t) => {
  const world = await startWorld(t)
  const fields = { id_token: 'x', created_at: 1, role: 100, '': null, nested: { error: 'no' } }
  only(world, { kind: 'extra_fields', endpoint: 'token', args: { fields } }, { kind: 'extra_fields', endpoint: 'userinfo', args: { fields } })
  const ada = await accepted(world)
  t.ok(ada.cookies.has(sessionCookie))
  await until(async () => await told(world, ada, 'X-User-Balance') === '750.00')
})
