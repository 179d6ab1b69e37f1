import t from 'tap'
import type { Emulator } from '../../src/emulator/emulator.ts'
import { emulatorFor, refresh, signedIn, userinfo } from './start.ts'

async function control (emulator: Emulator, path: string, json?: object, token = emulator.controlToken) {
  const response = await fetch(`${emulator.url}/__emulator/${path}`, {
    method: json === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(json === undefined ? {} : { body: JSON.stringify(json) })
  })
  return { status: response.status, text: await response.text() }
}

t.test('the control API answers its token only; the developer token is another', async (t) => {
  const emulator = await emulatorFor(t)
  for (const token of ['', 'wrong', 'developer-token']) t.match(await control(emulator, 'state', undefined, token), { status: 401 })
  t.match(await control(emulator, 'state'), { status: 200 })
})

t.test('an unknown fault kind is refused, and the known ones are named', async (t) => {
  const emulator = await emulatorFor(t)
  const { status, text } = await control(emulator, 'faults', { kind: 'meteor' })
  t.equal(status, 400)
  t.match(text, /Unknown fault kind .*meteor.*Known: .*rotation.*delayed_credit/)
  t.match(await control(emulator, 'faults', { kind: 'rotation', args: { mode: 'sideways' } }), { status: 400, text: /on, off, on_with_reuse_detection/ })
  t.match(await control(emulator, 'faults', { kind: 'hang', endpoint: 'kitchen' }), { status: 400, text: /Known: .*userinfo/ })
  t.same(emulator.faults.all(), [])
})

t.test('faults are set and cleared from outside', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  await control(emulator, 'faults', { endpoint: 'userinfo', kind: 'status', args: { code: 503 } })
  t.equal((await userinfo(emulator, tokens)).status, 503)
  await fetch(`${emulator.url}/__emulator/faults`, { method: 'DELETE', headers: { authorization: `Bearer ${emulator.controlToken}` } })
  t.equal((await userinfo(emulator, tokens)).status, 200)
})

t.test('the clock, users and grants are moved from outside', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  await control(emulator, 'users', { username: 'user123', fields: { status: 2 } })
  t.equal((await userinfo(emulator, tokens)).body['status'], 2)
  await control(emulator, 'clock', { advance: '2h' })
  t.equal((await userinfo(emulator, tokens)).status, 401)
  await control(emulator, 'grants/revoke', { username: 'user123' })
  t.equal((await refresh(emulator, tokens.refreshToken)).status, 400)
  t.match(await control(emulator, 'clock', { advance: 'soon' }), { status: 400 })
})

t.test('the log shows every request but those of the control API (E-04)', async (t) => {
  const emulator = await emulatorFor(t)
  await signedIn(emulator)
  const { text } = await control(emulator, 'requests')
  t.match(JSON.parse(text), [{ method: 'POST', path: '/api/oauth2/token', body: { grant_type: 'authorization_code' } }])
  t.equal(emulator.requests.length, 1)
})

t.test('a scenario is a preset by name; an unknown one is refused', async (t) => {
  const emulator = await emulatorFor(t)
  await control(emulator, 'scenario', { preset: 'rotation-reuse' })
  t.match(emulator.faults.all(), [{ kind: 'rotation', args: { mode: 'on_with_reuse_detection' } }])
  t.match(await control(emulator, 'scenario', { preset: 'chaos' }), { status: 400, text: /Known: happy/ })
})

t.test('reset brings everything back to the start', async (t) => {
  const emulator = await emulatorFor(t)
  await signedIn(emulator)
  emulator.users.set('user123', { status: 3 })
  emulator.faults.set({ kind: 'hang' })
  await control(emulator, 'reset', {})
  t.equal(emulator.users.get('user123').status, 1)
  t.same([emulator.faults.all(), emulator.grants.all(), emulator.requests, emulator.count('token')], [[], [], [], 0])
})
