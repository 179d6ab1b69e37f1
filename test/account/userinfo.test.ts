import t from 'tap'
import { signInTo, signOut } from '../login/attempt.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { startRig, type Rig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

const program = { accept: 'application/json', 'sec-fetch-mode': 'cors' }

t.test('userinfo is AIHubMix\'s JSON as received, with its age, and never a token (T-133)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('12s')
  const { status, headers, text, json } = await ada.fetch('/oauth2/userinfo', { headers: program })
  t.equal(status, 200)
  t.strictSame(json(), { id: 12345, username: 'user123', email: 'user@example.com', quota: 1000000, used_quota: 250000, balance_formatted: '750.00', created_time: 1640995200, status: 1 })
  t.match(headers['content-type'], 'application/json')
  t.equal(headers['age'], '12')
  t.equal(headers['cache-control'], 'no-store')
  t.equal(headers['x-content-type-options'], 'nosniff')
  t.notMatch(text + JSON.stringify(headers), /eyJ|refresh_|access_token/)
})

t.test('numbers beyond 2^53 pass digit by digit', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada, '/', 'huge')
  t.match((await ada.fetch('/oauth2/userinfo', { headers: program })).text, '9223372036854775807')
})

t.test('without a session: 401 JSON that says where to sign in, and no redirect (T-133)', async (t) => {
  const rig = await startRig(t)
  const { status, headers, location, json } = await rig.newBrowser().fetch('/oauth2/userinfo', { headers: program })
  t.equal(status, 401)
  t.equal(location, null)
  t.match(json(), { error: 'login_required', login_url: 'https://gw.test/oauth2/sign_in', request_id: /.+/ })
  t.equal(headers['cache-control'], 'no-store')
})

t.test('another site is given no leave to read it (T-133)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  for (const method of ['GET', 'OPTIONS']) {
    const { headers } = await ada.fetch('/oauth2/userinfo', { method, headers: { ...program, origin: 'https://evil.test', 'access-control-request-method': 'GET' } })
    t.strictSame(Object.keys(headers).filter((name) => name.startsWith('access-control-')), [])
  }
})

t.test('fresh=1 reads anew, and the app is told the new balance from then on', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('20s')
  rig.emulator.users.set('user123', { balance_formatted: '9.99' })
  t.match((await ada.fetch('/oauth2/userinfo', { headers: program })).json(), { balance_formatted: '750.00' })
  const fresh = await ada.fetch('/oauth2/userinfo?fresh=1', { headers: program })
  t.match(fresh.json(), { balance_formatted: '9.99' })
  t.equal(fresh.headers['age'], '0')
  await ada.fetch('/a')
  t.strictSame(rig.upstream.valuesOf('X-User-Balance'), ['9.99'])
  t.equal(rig.emulator.count('userinfo'), 2)
})

t.test('many who ask for a fresh answer at once share a few readings', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.users.set('user123', { balance_formatted: '9.99' })
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'userinfo', args: { headers_ms: 300 } })
  const answers = await Promise.all(Array.from({ length: 30 }, () => ada.fetch('/oauth2/userinfo?fresh=1', { headers: program })))
  t.strictSame(answers.filter(({ status, json }) => status !== 200 || json()['balance_formatted'] !== '9.99'), [])
  t.ok(rig.emulator.count('userinfo') <= 4, `${rig.emulator.count('userinfo')} readings`)
})

t.test('while AIHubMix is away fresh=1 gives the last answer, and its age says so', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'reset_connection' })
  rig.emulator.clock.advance('25s')
  const { status, headers } = await ada.fetch('/oauth2/userinfo?fresh=1', { headers: program })
  t.equal(status, 200)
  t.equal(headers['age'], '25')
})

t.test('fresh=1 after the consent was taken back is 401, and the session is over', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.grants.revoke('user123')
  t.equal((await ada.fetch('/oauth2/userinfo?fresh=1', { headers: program })).status, 401)
  t.equal((await ada.fetch('/a')).status, 401)
})

t.test('after a sign-out there is no userinfo', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const cookie = ada.cookieHeader()
  await signOut(ada)
  t.equal((await ada.fetch('/oauth2/userinfo', { headers: { ...program, cookie } })).status, 401)
})

t.test('asking keeps what is known of the user fresh by itself', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.users.set('user123', { balance_formatted: '5.00' })
  rig.emulator.clock.advance('31s')
  await until(async () => (await ada.fetch('/oauth2/userinfo', { headers: program })).json()['balance_formatted'] === '5.00')
})

t.test('one session in a loop has AIHubMix asked once a second at most: its patience is everybody\'s', async (t) => {
  const rig = await startRig(t)
  const [ada, ben] = [rig.newBrowser(), rig.newBrowser()]
  await signInTo(rig, ada)
  await signInTo(rig, ben, '/', 'huge')
  const before = rig.emulator.count('userinfo')
  const beganAt = performance.now()
  for (let round = 0; round < 30; round++) t.equal((await ada.fetch('/oauth2/userinfo?fresh=1', { headers: program })).status, 200)
  const readings = rig.emulator.count('userinfo') - before
  t.ok(readings <= 2 + (performance.now() - beganAt) / 1_000, `${readings} readings`)
  t.match((await ben.fetch('/oauth2/userinfo?fresh=1', { headers: program })).text, 'huge', 'each session has a second of its own')
  rig.emulator.users.set('user123', { balance_formatted: '9.99' })
  rig.emulator.clock.advance('1s')
  t.match((await ada.fetch('/oauth2/userinfo?fresh=1', { headers: program })).json(), { balance_formatted: '9.99' })
})

t.test('who signed out is told nothing that was read a moment before', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const cookie = ada.cookieHeader()
  t.equal((await ada.fetch('/oauth2/userinfo?fresh=1', { headers: program })).status, 200)
  await signOut(ada)
  t.equal((await ada.fetch('/oauth2/userinfo?fresh=1', { headers: { ...program, cookie } })).status, 401)
})

/** Signs in with an access token that lives so long. */
async function signedInFor (rig: Rig, seconds: number, username: string): Promise<TestBrowser> {
  const browser = rig.newBrowser()
  rig.emulator.faults.set({ kind: 'expires_in', args: { value: seconds } })
  await signInTo(rig, browser, '/', username)
  rig.emulator.faults.clear()
  return browser
}

t.test('many sessions that ask anew each second take a fifth of the budget: whoever has to be renewed is, themselves included', async (t) => {
  const rig = await startRig(t)
  rig.emulator.clock.freeze()
  const ben = await signedInFor(rig, 120, 'rich')
  const people = await Promise.all(Array.from({ length: 20 }, async (_one, index) => {
    rig.emulator.users.set(`user-${index}`, {})
    const browser = rig.newBrowser()
    await signInTo(rig, browser, '/', `user-${index}`)
    return browser
  }))
  rig.emulator.clock.advance('181s') // a new window; what ben has ran out in the last
  const ada = await signedInFor(rig, 8, 'user123')
  const before = rig.emulator.count('userinfo')
  for (let second = 0; second < 25; second++) {
    const answers = await Promise.all(people.map((one) => one.fetch('/oauth2/userinfo?fresh=1', { headers: program })))
    t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
    if (second === 5) {
      t.equal((await ada.fetch('/oauth2/userinfo?fresh=1', { headers: program })).headers['age'], '5', 'AIHubMix is not asked for that just now')
    }
    if (second === 9) t.equal((await ada.fetch('/a', { headers: program })).status, 200, 'and is when the token has run out a moment later')
    rig.emulator.clock.advance('1s')
  }
  const readings = rig.emulator.count('userinfo') - before
  t.ok(readings >= 90 && readings <= 90 + 20 + 2, `${readings} readings: a fifth of 450, one in the background of each, and ada's own`)
  t.equal((await ben.fetch('/a', { headers: program })).status, 200)
  t.equal(rig.emulator.count('refresh_token'), 2)
})
