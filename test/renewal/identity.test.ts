import t from 'tap'
import { open, sessionCookie, signInTo } from '../login/attempt.ts'
import { startRig, type Rig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import type { TestBrowser } from '../rig/browser.ts'

/** The balance the app is told at one request. */
async function balance (rig: Rig, browser: TestBrowser): Promise<string | undefined> {
  await open(browser, '/a')
  return rig.upstream.valuesOf('X-User-Balance')[0]
}

t.test('what is known of a user is re-read in the background after maxAge, and a new balance reaches the app', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.users.set('user123', { balance_formatted: '1.25' })
  rig.emulator.clock.advance('29s')
  t.equal(await balance(rig, ada), '750.00')
  t.equal(rig.emulator.count('userinfo'), 1)
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'userinfo', args: { headers_ms: 200 } })
  rig.emulator.clock.advance('2s')
  t.equal(await balance(rig, ada), '750.00', 'nobody waits for it')
  await until(async () => await balance(rig, ada) === '1.25')
  t.equal(rig.emulator.count('userinfo'), 2)
})

t.test('many requests at once re-read once', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('31s')
  await Promise.all(Array.from({ length: 50 }, () => open(ada, '/a')))
  await until(() => rig.emulator.count('userinfo') === 2)
  for (let times = 0; times < 3; times++) await open(ada, '/a')
  t.equal(rig.emulator.count('userinfo'), 2)
})

t.test('while AIHubMix is away the last answer serves for maxStale, then 503 with Retry-After, and it heals', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'reset_connection' })
  for (const step of ['5m', '4m', '50s']) {
    rig.emulator.clock.advance(step)
    t.equal(await balance(rig, ada), '750.00')
  }
  rig.emulator.clock.advance('11s')
  const { status, headers, setCookies } = await open(ada, '/a')
  t.equal(status, 503)
  t.ok(Number(headers['retry-after']) > 0)
  t.strictSame(setCookies, [])
  t.equal((await open(ada, '/public/a')).status, 200, 'a public route is served')
  rig.emulator.faults.clear()
  rig.emulator.clock.advance('1m')
  t.equal(await balance(rig, ada), '750.00')
})

t.test('while AIHubMix is away nobody signs in, and a page says so', async (t) => {
  const rig = await startRig(t)
  rig.emulator.faults.set({ kind: 'reset_connection', endpoint: 'token' })
  const { status, text } = await signInTo(rig, rig.newBrowser())
  t.equal(status, 503)
  t.match(text, 'provider_unavailable')
})

t.test('a user who was disabled is out at the next re-read (T-112)', async (t) => {
  for (const status of [2, 3, 0]) {
    const rig = await startRig(t)
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    rig.emulator.users.set('user123', { status })
    t.equal((await open(ada, '/a')).status, 200, 'not known yet')
    rig.emulator.clock.advance('31s')
    await until(async () => (await open(ada, '/a')).status === 302)
  }
})

t.test('an e-mail that left the allow list is out at the next re-read (T-112)', async (t) => {
  const rig = await startRig(t, { config: { identity: { trustEmails: true, allow: { emailDomains: ['example.com'] } } } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  t.equal((await open(ada, '/a')).status, 200)
  rig.emulator.users.set('user123', { email: 'user@elsewhere.test' })
  rig.emulator.clock.advance('31s')
  await until(async () => (await open(ada, '/a')).status === 403)
})

t.test('another id behind the same tokens ends the session (T-110, V-22)', async (t) => {
  const rig = await startRig(t)
  for (const [username, change] of [['user123', { id: 999 }], ['renamed', {}]] as const) {
    const ada = rig.newBrowser()
    await signInTo(rig, ada, '/', username)
    rig.emulator.users.set(username, change)
    rig.emulator.clock.advance('31s')
    await until(async () => (await open(ada, '/a')).status === 302)
    t.strictSame(rig.upstream.seen.filter(({ rawHeaders }) => rawHeaders.some((value) => value === '999' || value === '917')), [])
  }
})

t.test('the id may be written as a number or as text: it is the same user (V-20)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'ids', args: { as: 'string' } })
  rig.emulator.users.set('user123', { balance_formatted: '2.00' })
  rig.emulator.clock.advance('31s')
  await until(async () => await balance(rig, ada) === '2.00')
})

t.test('a consent taken back at AIHubMix: 401, one refresh, and the session is over (V-31)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.grants.revoke('user123')
  rig.emulator.clock.advance('31s')
  await until(async () => (await open(ada, '/a')).status === 302)
  t.equal(rig.emulator.count('refresh_token'), 1)
})

t.test('an access token that died early: 401, one refresh, one more reading, and all goes on (V-31)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'expire_access_now' })
  rig.emulator.users.set('user123', { balance_formatted: '3.00' })
  rig.emulator.clock.advance('31s')
  await until(async () => await balance(rig, ada) === '3.00')
  t.equal(rig.emulator.count('refresh_token'), 1)
  t.equal(rig.emulator.count('userinfo'), 3)
})

t.test('401 for the new token as well: refreshed once, read twice, over (V-31)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 401 } })
  rig.emulator.clock.advance('31s')
  await until(async () => (await open(ada, '/a')).status === 302)
  t.equal(rig.emulator.count('refresh_token'), 1)
  t.equal(rig.emulator.count('userinfo'), 3)
})

t.test('403 at userinfo ends the session without a refresh (V-32)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 403, message: 'Account suspended.' }, count: 1 })
  rig.emulator.clock.advance('31s')
  await until(async () => (await open(ada, '/a')).status === 302)
  t.equal(rig.emulator.count('refresh_token'), 0)
})

t.test('a refusal under HTTP 200 may mean anything: one refresh in five minutes, and nobody is signed out (V-03)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('10m')
  await open(ada, '/a')
  await until(() => rig.emulator.count('userinfo') === 2)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { body: 'envelope200' } })
  for (let minute = 0; minute < 4; minute++) {
    rig.emulator.clock.advance('1m')
    t.equal((await open(ada, '/a')).status, 200)
    await until(() => rig.logged().split('could not be renewed').length - 1 > minute)
  }
  t.equal(rig.emulator.count('refresh_token'), 1)
  rig.emulator.faults.clear()
  rig.emulator.users.set('user123', { balance_formatted: '4.00' })
  rig.emulator.clock.advance('1m')
  await until(async () => await balance(rig, ada) === '4.00')
})

for (const endpoint of ['userinfo', 'refresh_token'] as const) {
  t.test(`a broken answer of ${endpoint} signs nobody out, with status 404 either`, async (t) => {
    const rig = await startRig(t)
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    for (const fault of [{ kind: 'malformed_json' }, { kind: 'status', args: { code: 404 } }, { kind: 'status', args: { code: 500, body: 'empty' } }] as const) {
      rig.emulator.faults.clear()
      rig.emulator.faults.set({ ...fault, endpoint })
      rig.emulator.clock.advance('31s')
      for (let times = 0; times < 2; times++) t.equal((await open(ada, '/a')).status, 200)
    }
    t.ok(ada.cookies.has(sessionCookie))
  })
}

t.test('a session that is used lives on beyond its idle life, one that is not ends (T-95)', async (t) => {
  const rig = await startRig(t, { config: { session: { keys: [Buffer.alloc(32, 7).toString('base64')], maxAge: '10h', idleTimeout: '1h' } } })
  const [used, unused] = [rig.newBrowser(), rig.newBrowser()]
  await signInTo(rig, used)
  await signInTo(rig, unused, '/', 'rich')
  for (let times = 0; times < 5; times++) {
    rig.emulator.clock.advance('40m')
    t.equal((await open(used, '/a')).status, 200)
  }
  t.equal((await open(unused, '/a')).status, 302)
})

t.test('a session ends with its absolute life however much it is used (T-95)', async (t) => {
  const rig = await startRig(t, { config: { session: { keys: [Buffer.alloc(32, 7).toString('base64')], maxAge: '3h', idleTimeout: '1h' } } })
  const ada = rig.newBrowser()
  const { setCookies } = await signInTo(rig, ada)
  t.match(setCookies.join('\n'), /Max-Age=10800/)
  for (let times = 0; times < 4; times++) {
    rig.emulator.clock.advance('44m')
    t.equal((await open(ada, '/a')).status, 200)
  }
  rig.emulator.clock.advance('5m')
  t.equal((await open(ada, '/a')).status, 302)
})
