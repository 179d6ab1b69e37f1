import t from 'tap'
import { attemptOf, callbackOf, navigation, open, signInTo } from '../login/attempt.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

const program = { accept: 'application/json', 'sec-fetch-mode': 'cors' }

t.test('a person is led to the top-up page, a program is told its address', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const person = await open(ada, '/oauth2/topup')
  t.equal(person.status, 303)
  t.ok(person.location?.startsWith(`${rig.emulator.url}/topup?token=`))
  const asked = await ada.fetch('/oauth2/topup', { headers: program })
  t.equal(asked.status, 200)
  t.ok(String(asked.json()['topup_url']).startsWith(`${rig.emulator.url}/topup?token=`))
  for (const { headers, text } of [person, asked]) {
    t.equal(headers['cache-control'], 'no-store')
    t.notMatch(text + JSON.stringify(headers), /eyJ|refresh_/)
  }
})

t.test('who is not signed in signs in and comes back to top up; a program gets 401', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const attempt = attemptOf(await open(ada, '/oauth2/topup'))
  t.equal((await open(ada, callbackOf(rig, attempt))).location, '/oauth2/topup')
  t.equal((await open(ada, '/oauth2/topup')).status, 303)
  const asked = await rig.newBrowser().fetch('/oauth2/topup', { headers: program })
  t.equal(asked.status, 401)
  t.match(asked.json(), { error: 'login_required', login_url: /^https:/ })
})

for (const kind of ['javascript', 'http', 'foreign_host', 'relative', 'missing'] as const) {
  t.test(`a top-up link that is no good (${kind}) leads nobody anywhere (T-139)`, async (t) => {
    const rig = await startRig(t)
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    rig.emulator.faults.set({ kind })
    for (const headers of [navigation, program]) {
      const { status, location, text } = await ada.fetch('/oauth2/topup', { headers })
      t.equal(status, 502)
      t.equal(location, null)
      t.match(text, 'topup_unavailable')
      t.notMatch(text, /javascript:|attacker\.example/)
    }
    t.equal((await open(ada, '/a')).status, 200)
  })
}

t.test('no top-up at AIHubMix, or none just now, is a page and no sign-out (V-33)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  for (const [code, status] of [[404, 502], [403, 403], [429, 503], [500, 503]] as const) {
    rig.emulator.faults.clear()
    rig.emulator.faults.set({ kind: 'status', endpoint: 'topup', args: { code } })
    rig.emulator.clock.advance('1s') // asked twice in a second, the answer is the same
    const answer = await open(ada, '/oauth2/topup')
    t.equal(answer.status, status)
    t.equal(answer.headers['retry-after'] !== undefined, status === 503)
    t.equal((await open(ada, '/a')).status, 200)
  }
})

t.test('a token that died early is renewed once and the link asked for once more', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'expire_access_now' })
  t.equal((await open(ada, '/oauth2/topup')).status, 303)
  t.equal(rig.emulator.count('refresh_token'), 1)
  t.equal(rig.emulator.count('topup'), 2)
})

t.test('a token that only the top-up refuses ends in a page, not in a loop', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'topup', args: { code: 401 } })
  const { status, text } = await open(ada, '/oauth2/topup')
  t.equal(status, 403)
  t.match(text, 'provider_refused')
  t.equal(rig.emulator.count('topup'), 2)
  t.equal((await open(ada, '/a')).status, 200)
})

t.test('a POST tops nobody up', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  t.equal((await ada.fetch('/oauth2/topup', { method: 'POST' })).status, 404)
  t.equal(rig.emulator.count('topup'), 0)
})

t.test('after the way to the top-up the balance is re-read eagerly, until it changes', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { replicas: 2, redisUrl: redis.url, config: { identity: { maxAge: '5m' } } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const balance = async (): Promise<string | undefined> => {
    await open(ada.via(rig.replicas[1]?.url ?? ''), '/a')
    return rig.upstream.valuesOf('X-User-Balance')[0]
  }
  await open(ada, '/oauth2/topup')
  rig.emulator.clock.advance('3s')
  t.equal(await balance(), '750.00')
  await until(() => rig.emulator.count('userinfo') === 2)
  rig.emulator.users.set('user123', { balance_formatted: '760.00' })
  rig.emulator.clock.advance('3s')
  await until(async () => await balance() === '760.00')
  const readings = rig.emulator.count('userinfo')
  rig.emulator.clock.advance('1m')
  for (let times = 0; times < 3; times++) await balance()
  t.equal(rig.emulator.count('userinfo'), readings, 'then it is as seldom as ever')
})

t.test('a top-up that is not made is not waited for longer than 10 minutes', async (t) => {
  const rig = await startRig(t, { config: { identity: { maxAge: '1h', maxStale: '3h' } } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  await open(ada, '/oauth2/topup')
  rig.emulator.clock.advance('9m59s')
  await open(ada, '/a')
  await until(() => rig.emulator.count('userinfo') === 2)
  rig.emulator.clock.advance('5s')
  for (let times = 0; times < 3; times++) await open(ada, '/a')
  t.equal(rig.emulator.count('userinfo'), 2)
})

t.test('one session in a loop asks AIHubMix for a link once a second at most: its patience is everybody\'s', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const beganAt = performance.now()
  for (let round = 0; round < 30; round++) t.equal((await ada.fetch('/oauth2/topup', { headers: program })).status, 200)
  const most = 2 + (performance.now() - beganAt) / 1_000
  t.ok(rig.emulator.count('topup') <= most, `${rig.emulator.count('topup')} calls`)
  rig.emulator.clock.advance('1s')
  const before = rig.emulator.count('topup')
  await ada.fetch('/oauth2/topup', { headers: program })
  t.equal(rig.emulator.count('topup'), before + 1)
})
