import t from 'tap'
import type { Fault } from '../../src/emulator/emulator.ts'
import { open, sessionCookie, signInTo } from '../login/attempt.ts'
import { startRig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

/** What AIHubMix did is what is tested: the identity may grow as old as it likes. */
const config = { identity: { maxAge: '10h', maxStale: '20h' }, aihubmix: { clientId: 'client_rig', clientSecret: 'secret_of_the_rig_client', timeout: '250ms' } }

t.test('invalid_grant ends the session: the next page asks to sign in, once (T-109)', async (t) => {
  const rig = await startRig(t, { config })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'refresh_token', args: { code: 400, error: 'invalid_grant' } })
  rig.emulator.clock.advance('1h56m')
  t.equal((await open(ada, '/a')).status, 200, 'the old access token serves while it is asked')
  await until(async () => (await open(ada, '/a')).status === 302)
  t.equal(rig.emulator.count('refresh_token'), 1)
  t.equal((await signInTo(rig, ada)).status, 303)
  t.equal((await open(ada, '/a')).status, 200)
})

t.test('invalid_grant when the access token has run out: led to sign in at once, cookie cleared (T-109)', async (t) => {
  const rig = await startRig(t, { config })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.grants.revoke('user123')
  rig.emulator.clock.advance('3h')
  const { status, location, setCookies } = await open(ada, '/a')
  t.equal(status, 302)
  t.ok(location?.startsWith(rig.emulator.url))
  t.ok(setCookies.some((cookie) => cookie.startsWith(`${sessionCookie}=;`)))
})

const outages: readonly (readonly [string, Omit<Fault, 'endpoint'>])[] = [
  ['a timeout', { kind: 'hang' }],
  ['500', { kind: 'status', args: { code: 500 } }],
  ['503 with an HTML page', { kind: 'status', args: { code: 503, body: 'html' } }],
  ['429 without a word', { kind: 'status', args: { code: 429, body: 'empty' } }],
  ['a page of HTML with 200', { kind: 'status', args: { code: 200, body: 'html' } }],
  ['400 without a body', { kind: 'status', args: { code: 400, body: 'empty' } }],
  ['401 invalid_client', { kind: 'status', args: { code: 401, error: 'invalid_client' } }],
  ['broken JSON', { kind: 'malformed_json' }],
  ['a redirect', { kind: 'redirect' }],
  ['a reset before the answer', { kind: 'reset_connection' }],
  ['no usable access token', { kind: 'access_token', args: { value: '' } }]
]

for (const [what, fault] of outages) {
  t.test(`${what} at the refresh signs nobody out: 503 only when the access token has run out, healed later (T-109)`, async (t) => {
    const rig = await startRig(t, { config })
    rig.emulator.faults.set({ kind: 'rotation', args: { mode: 'off' } })
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    rig.emulator.faults.set({ ...fault, endpoint: 'refresh_token' })
    rig.emulator.clock.advance('1h56m')
    for (let times = 0; times < 3; times++) t.equal((await open(ada, '/a')).status, 200)
    rig.emulator.clock.advance('5m')

    const { status, headers, setCookies, text } = await open(ada, '/a')
    t.equal(status, 503)
    t.ok(Number(headers['retry-after']) > 0)
    t.strictSame(setCookies, [])
    t.match(text, 'renewal_unavailable')
    const program = await ada.fetch('/a', { headers: { accept: 'application/json' } })
    t.equal(program.status, 503)
    t.equal(program.json()['error'], 'renewal_unavailable')

    rig.emulator.faults.clear()
    await until(async () => {
      rig.emulator.clock.advance('20s')
      return (await open(ada, '/a')).status === 200 // the same session, without a sign-in
    })
    t.equal(rig.emulator.count('authorization_code'), 1)
  })
}

t.test('a 429 is not asked again before its Retry-After is over (T-109, V-34)', async (t) => {
  const rig = await startRig(t, { config })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'refresh_token', args: { code: 429, retry_after: 60 }, count: 1 })
  rig.emulator.clock.advance('1h56m')
  await open(ada, '/a')
  await until(() => rig.logged().includes('could not be renewed'))
  for (let times = 0; times < 5; times++) t.equal((await open(ada, '/a')).status, 200)
  rig.emulator.clock.advance('55s')
  t.equal((await open(ada, '/a')).status, 200)
  t.equal(rig.emulator.count('refresh_token'), 1)
  rig.emulator.clock.advance('6s')
  await open(ada, '/a')
  await until(() => rig.emulator.count('refresh_token') === 2)
})

t.test('a refusal that names no reason ends the session only once its access token has run out (V-03)', async (t) => {
  const rig = await startRig(t, { config })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'refresh_token', args: { body: 'envelope200' } })
  rig.emulator.clock.advance('1h56m')
  for (let times = 0; times < 3; times++) t.equal((await open(ada, '/a')).status, 200)
  rig.emulator.clock.advance('5m')
  t.equal((await open(ada, '/a')).status, 302)
})

t.test('an answer without refresh_token keeps the old one (T-109, V-11)', async (t) => {
  const rig = await startRig(t, { config })
  rig.emulator.faults.set({ kind: 'rotation', args: { mode: 'off' } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'omit_refresh_token', endpoint: 'refresh_token' })
  for (let round = 1; round <= 3; round++) {
    rig.emulator.clock.advance('2h1m')
    t.equal((await open(ada, '/a')).status, 200)
    t.equal(rig.emulator.count('refresh_token'), round)
  }
})

t.test('without any refresh token the session lives as long as its access token (V-10)', async (t) => {
  const rig = await startRig(t, { config })
  rig.emulator.faults.set({ kind: 'omit_refresh_token' })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('1h58m')
  for (let times = 0; times < 3; times++) t.equal((await open(ada, '/a')).status, 200)
  rig.emulator.clock.advance('2m')
  t.equal((await open(ada, '/a')).status, 302)
  t.equal(rig.emulator.count('refresh_token'), 0)
})

for (const [value, lifeMinutes] of [[0, 120], [-1, 120], ['7200', 120], [null, 120], ['soon', 120], [7199.5, 119], [7_200_000, 24 * 60], [3600, 60]] as const) {
  t.test(`expires_in ${JSON.stringify(value)} is read as about ${lifeMinutes} minutes (T-109, V-15)`, async (t) => {
    const rig = await startRig(t, { config: { ...config, identity: { maxAge: '30h', maxStale: '40h' } } })
    rig.emulator.faults.set({ kind: 'expires_in', endpoint: 'refresh_token', args: { value } })
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    rig.emulator.clock.advance('2h')
    t.equal((await open(ada, '/a')).status, 200)
    rig.emulator.clock.advance((lifeMinutes - 6) * 60_000)
    t.equal((await open(ada, '/a')).status, 200)
    t.equal(rig.emulator.count('refresh_token'), 1, 'nothing is due yet')
    rig.emulator.clock.advance('2m')
    // The request may join the re-reading of the identity that the one before began: then the next begins the refresh.
    await until(async () => { await open(ada, '/a'); return rig.emulator.count('refresh_token') === 2 })
  })
}
