import t from 'tap'
import { open, sessionCookie, signInTo } from '../login/attempt.ts'
import { startRig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { scrape } from '../telemetry/scrape.ts'

t.test('preset revoked-mid-session: out within maxAge and one reading, clean to sign in anew, and no loop', async (t) => {
  const rig = await startRig(t, { emulator: { preset: 'revoked-mid-session' } })
  const { emulator } = rig
  const ada = rig.newBrowser()
  await ada.signIn() // the first reading
  emulator.clock.advance('31s')
  await until(async () => Number((await ada.fetch('/oauth2/userinfo')).headers['age']) < 5) // the second
  t.equal(emulator.count('userinfo'), 2)
  emulator.clock.advance('29s')
  t.equal((await open(ada, '/a')).status, 200, 'nobody knows yet')
  const refreshes = emulator.count('refresh_token')
  emulator.clock.advance('2s') // maxAge is over: the third reading finds the consent taken back
  await until(async () => (await open(ada, '/a')).status === 302)
  t.equal(emulator.count('userinfo'), 3, 'one reading')
  t.equal(emulator.count('refresh_token'), refreshes + 1, 'and one refresh, as a token can die early')
  t.notOk(ada.cookies.has(sessionCookie), 'the cookie is cleared')
  const codes = emulator.count('authorization_code')
  t.equal((await ada.open('/reports/7')).address, 'https://gw.test/reports/7', 'AIHubMix still knows the person: signed in anew without a page of ours')
  t.equal(emulator.count('authorization_code'), codes + 1, 'once')
  t.equal((await open(ada, '/a')).status, 200)
  t.equal((await scrape(rig.adminUrl)).value('sessions_ended_total', { reason: 'invalid_grant' }), 1)
})

t.test('preset guide-exact: what the app and its page receive is the guide\'s sample, field for field', async (t) => {
  const rig = await startRig(t, { emulator: { preset: 'guide-exact' } })
  const ada = rig.newBrowser()
  t.equal((await ada.signIn()).status, 200)
  t.equal((await ada.fetch('/oauth2/userinfo')).text, '{"id":12345,"username":"user123","email":"user@example.com","quota":1000000,"used_quota":250000,"balance_formatted":"750.00","created_time":1640995200,"status":1}')
  await open(ada, '/a')
  t.same([rig.upstream.valuesOf('X-User-Id'), rig.upstream.valuesOf('X-User-Email'), rig.upstream.valuesOf('X-User-Balance')], [['12345'], ['user@example.com'], ['750.00']])
})

t.test('preset china-split: the browser reaches AIHubMix and the gateway does not: a page says so, and who was in stays in', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  for (const endpoint of ['token', 'userinfo', 'topup'] as const) rig.emulator.faults.set({ kind: 'reset_connection', endpoint })
  const bob = await rig.newBrowser().signIn('rich')
  t.equal(bob.status, 503)
  t.match(bob.text, 'provider_unavailable')
  t.equal((await open(ada, '/a')).status, 200)
})

t.test('preset oneapi-like: signed in, read again and out, although every refusal is a 200', async (t) => {
  const rig = await startRig(t, { emulator: { preset: 'oneapi-like' } })
  const ada = rig.newBrowser()
  t.equal((await ada.signIn()).status, 200)
  t.equal(rig.upstream.valuesOf('X-User-Balance')[0], '2.00')
  rig.emulator.clock.advance('2h')
  t.equal((await open(ada, '/a')).status, 200, 'refreshed')
  rig.emulator.grants.revoke('user123')
  rig.emulator.clock.advance('2h1m')
  await until(async () => (await open(ada, '/a')).status === 302)
})
