import t from 'tap'
import { hostileUsername } from '../../../src/emulator/seeded-users.ts'
import { oddBalances } from '../../../src/emulator/faults/member-kinds.ts'
import { open } from '../../login/attempt.ts'
import { until } from '../../rig/until.ts'
import { accepted, metric, only, out, refused, signedIn, startPaidWorld, startWorld, told } from './world.ts'

const field = (name: string, value: unknown) => ({ kind: 'extra_fields', endpoint: 'userinfo', args: { fields: { [name]: value } } } as const)

t.test('V-20 an id is one text however it is written: number, text, UUID, beyond 2^53, and 12345 is "12345"', async (t) => {
  const world = await startWorld(t)
  await accepted(world, '9007199254740993', 'bigid')
  await accepted(world, 'u_7f3c9a1e', 'strid')
  for (const [written, id] of [['0b5e7d3c-6a0f-4c59-9d5e-3b0f6f7c1a2b', '0b5e7d3c-6a0f-4c59-9d5e-3b0f6f7c1a2b'], [9223372036854775807n, '9223372036854775807'], ['9223372036854775807', '9223372036854775807']] as const) {
    world.rig.emulator.users.set('rich', { id: written })
    await accepted(world, id, 'rich')
  }
  only(world)
  const ada = await accepted(world)
  only(world, { kind: 'ids', args: { as: 'string' } })
  world.rig.emulator.users.set('user123', { balance_formatted: '1.00' })
  await until(async () => await told(world, ada, 'X-User-Balance') === '1.00')
})

t.test('V-21 without an id nobody is signed in; where names are the subject the name is asked for, and nothing stands in for it', async (t) => {
  const world = await startWorld(t)
  await refused(world, 502, 'provider_bad_response', 'noid')
  for (const id of [null, 0, '0', '', ' ', true, 1.5, {}, []]) {
    only(world, field('id', id))
    await refused(world, 502, 'provider_bad_response')
  }
  const byName = await startWorld(t, { config: { identity: { subject: 'username' } } })
  await accepted(byName, 'noid', 'noid')
  for (const username of [null, '', '  ', 7]) {
    only(byName, field('username', username))
    await refused(byName, 502, 'provider_bad_response')
  }
})

t.test('V-21 where names are the subject, a name that is somebody else\'s id stays a name, and another name behind the same session ends it', async (t) => {
  const world = await startWorld(t, { config: { identity: { subject: 'username' } } })
  world.rig.emulator.users.set('12345', { id: 999 }) // a name that is somebody else's id
  const mallory = await accepted(world, '12345', '12345')
  world.rig.emulator.users.set('12345', { username: 'renamed' })
  await out(world, mallory)
  t.match(world.rig.logged(), /"end":"user_changed"/)
})

t.test('V-22 another id behind the same session ends it', async (t) => {
  const world = await startWorld(t)
  const ada = await accepted(world)
  world.rig.emulator.users.set('user123', { id: 999 })
  await out(world, ada)
  t.match(world.rig.logged(), /"audit":"session_over","user":"12345","end":"user_changed"/)
  t.equal(await metric(world, 'sessions_ended_total', { reason: 'user_changed' }), 1)
  t.same(world.rig.upstream.seen.filter(({ rawHeaders }) => rawHeaders.includes('999')), [], 'the app never hears of the other')
})

t.test('V-23 a username of any kind is shown escaped and sent percent-encoded; a line break reaches no header', async (t) => {
  const world = await startWorld(t, { config: { headers: { set: { 'X-User-Id': 'id', 'X-User-Name': 'username' } } } })
  const names = [['张三丰', '108'], ['Ærø 🚀', '109'], [hostileUsername, '110']] as const
  for (const [username, id] of names) {
    const ada = await accepted(world, id, username)
    t.equal(decodeURIComponent(await told(world, ada, 'X-User-Name') ?? ''), username)
    t.same(world.rig.upstream.valuesOf('X-Injected'), [])
    t.notMatch((await open(ada, '/oauth2/sign_out')).text, '<script>')
  }
  for (const [sent, shown] of [[undefined, undefined], ['', undefined], ['   ', undefined], ['  ada ', 'ada'], ['x'.repeat(500), 'x'.repeat(200)], ['\u202eada', encodeURIComponent('\u202eada')], ['a\u0000b', 'a%00b'], [7, undefined]] as const) {
    only(world, field('username', sent ?? null))
    t.equal(await told(world, await accepted(world), 'X-User-Name'), shown, JSON.stringify(sent))
  }
})

t.test('V-24 an e-mail that is none counts as unknown, and is never the key of a user', async (t) => {
  const world = await startWorld(t)
  for (const [username, id] of [['noemail', '106'], ['nullmail', '107']] as const) t.equal(await told(world, await accepted(world, id, username), 'X-User-Email'), undefined)
  for (const [sent, shown] of [['ADA@Example.COM', 'ADA@Example.COM'], ['no address', undefined], ['@', undefined], [7, undefined], [['a@b.c'], undefined]] as const) {
    only(world, field('email', sent))
    t.equal(await told(world, await accepted(world), 'X-User-Email'), shown, JSON.stringify(sent))
  }
  only(world)
  const ada = await accepted(world)
  world.rig.emulator.users.set('user123', { email: 'other@example.com' })
  world.rig.emulator.clock.advance('31s')
  await until(async () => await told(world, ada, 'X-User-Email') === 'other@example.com')
})

t.test('V-25 status 1, "1" and none are fine', async (t) => {
  const world = await startWorld(t)
  for (const status of [1, '1', null]) {
    only(world, field('status', status))
    await accepted(world)
  }
  only(world, { kind: 'drop_fields', args: { fields: ['status'] } })
  await accepted(world)
})

t.test('V-26 any other status is a disabled account: nobody signs in, and who was in is out at the next reading', async (t) => {
  const world = await startWorld(t)
  for (const username of ['disabled', 'deleted']) await refused(world, 403, 'account_disabled', username)
  for (const status of [0, -1, 2, '2', 'banned']) {
    only(world, field('status', status))
    await refused(world, 403, 'account_disabled')
  }
  const ada = await signedIn(world)
  world.rig.emulator.users.set('user123', { status: 2 })
  await out(world, ada)
  t.equal(await metric(world, 'sessions_ended_total', { reason: 'account_disabled' }), 1)
})

t.test('V-27 a balance that is missing, null, a number or empty is not known, which is not 0: no header, and no minimum turns it away', async (t) => {
  const world = await startPaidWorld(t, { minBalance: '0.01' })
  for (const sent of [null, 750, 0, '', '  ', {}]) {
    only(world, field('balance_formatted', sent))
    const ada = await accepted(world)
    t.equal(await told(world, ada, 'X-User-Balance'), undefined, JSON.stringify(sent))
    t.equal((await open(ada, '/paid')).status, 200)
  }
  only(world)
  t.equal((await open(await accepted(world, '103', 'zero'), '/paid')).status, 402, '0.00 is known, and is 0')
  t.equal(await metric(world, 'low_balance_denials_total', { route: '/paid' }), 1)
})

t.test('V-28 a balance in an odd format is passed on as it is; a minimum compares what is surely one number, exactly', async (t) => {
  const world = await startPaidWorld(t, { minBalance: '2' })
  const passes = [402, 200, 200, 200, 200, 200, 200] // 1e9 is no number for sure, so it is not known
  for (const [index, odd] of oddBalances.entries()) {
    only(world, { kind: 'balance', args: { as: 'oddformat', index } })
    const ada = await accepted(world)
    t.equal(decodeURIComponent(await told(world, ada, 'X-User-Balance') ?? ''), odd)
    t.equal((await open(ada, '/paid')).status, passes[index], odd)
  }
  for (const [balance, status] of [['1.999999999999999999999', 402], ['2.000000000000000000001', 200], ['＄1.99', 402], ['-1,234.56', 402]] as const) {
    only(world, field('balance_formatted', balance))
    t.equal((await open(await accepted(world), '/paid')).status, status, balance)
  }
})

t.test('V-29 quotas of any kind and size reach a page digit for digit, and decide nothing', async (t) => {
  const world = await startWorld(t)
  const ada = await accepted(world, '105', 'huge')
  t.match((await ada.fetch('/oauth2/userinfo')).text, '"quota":9223372036854775807')
  for (const quota of [-5000, 1.5, '1000', null, 'much']) {
    only(world, field('quota', quota), field('used_quota', quota))
    t.equal(await told(world, await accepted(world), 'X-User-Balance'), '750.00')
  }
})

t.test('V-30 a balance is used only where its scope was granted; what does not fit is said in the log, once', async (t) => {
  const world = await startWorld(t)
  only(world, { kind: 'scope', args: { value: 'profile' } })
  t.equal(await told(world, await accepted(world), 'X-User-Balance'), undefined)
  only(world, { kind: 'balance', args: { as: 'absent' } })
  for (let times = 0; times < 3; times++) t.equal(await told(world, await accepted(world), 'X-User-Balance'), undefined)
  for (const words of ['although the scope balance is not granted', 'although the scope balance is granted']) t.equal(world.rig.logged().split(words).length, 2, words)
})
