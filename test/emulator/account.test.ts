import t from 'tap'
import { app, authorizePath, emulatorFor, get, jsonAnswer, post, refresh, signedIn, signInOnPage, userinfo } from './start.ts'

t.test('a revocation in the user centre ends the tokens of that user, and of nobody else (E-14)', async (t) => {
  const emulator = await emulatorFor(t)
  const mine = await signedIn(emulator, 'user123')
  const other = await signedIn(emulator, 'rich')
  const { cookie } = await signInOnPage(emulator, 'user123', '/user/authorizations')
  const page = await (await fetch(`${emulator.url}/user/authorizations`, { headers: { cookie } })).text()
  t.match(page, `data-revoke="${app.clientId}"`)
  await post(emulator, '/user/authorizations', { client_id: app.clientId }, cookie)
  t.equal((await userinfo(emulator, mine)).status, 401)
  t.match(await refresh(emulator, mine.refreshToken), { status: 400, body: { error: 'invalid_grant' } })
  t.equal((await userinfo(emulator, other)).status, 200)
  t.same(emulator.grants.all().map(({ username }) => username), ['rich'])
})

t.test('after a revocation consent is asked again', async (t) => {
  const emulator = await emulatorFor(t)
  await signedIn(emulator, 'user123')
  emulator.grants.revoke('user123')
  const { response } = await signInOnPage(emulator, 'user123', authorizePath())
  t.match(await response.text(), /data-action="allow"/)
})

t.test('nobody revokes without being signed in', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  await post(emulator, '/user/authorizations', { client_id: app.clientId })
  t.equal((await userinfo(emulator, tokens)).status, 200)
})

t.test('signing out of the emulator shows the login page again', async (t) => {
  const emulator = await emulatorFor(t)
  const { cookie } = await signInOnPage(emulator, 'user123', '/user/authorizations')
  await post(emulator, '/logout', {}, cookie)
  const page = await fetch(`${emulator.url}/user/authorizations`, { headers: { cookie } })
  t.match(await page.text(), /data-action="sign-in"/)
})

async function topupUrl (emulator: Parameters<typeof get>[0], accessToken: string): Promise<URL> {
  const { body } = await jsonAnswer(await get(emulator, '/api/oauth2/topup', accessToken))
  return new URL(String(body['topup_url']))
}

t.test('a top-up raises balance and quota exactly, shows the new balance, and leads back (E-15)', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  const url = await topupUrl(emulator, tokens.accessToken)
  url.searchParams.set('return_to', 'http://localhost:4180/app?tab=1')
  t.match(await (await fetch(url)).text(), /data-amount="10"/)
  const form = { token: url.searchParams.get('token') ?? '', amount: '10', return_to: 'http://localhost:4180/app?tab=1' }
  const paid = await (await post(emulator, '/topup', form)).text()
  t.match(paid, /data-balance="760.00"/)
  t.match(paid, 'href="http://localhost:4180/app?tab=1"')
  t.match((await userinfo(emulator, tokens)).body, { balance_formatted: '760.00', quota: 6000000 })
})

t.test('a top-up link pays once and ends after ten minutes (E-24)', async (t) => {
  const emulator = await emulatorFor(t)
  const { accessToken } = await signedIn(emulator)
  const url = await topupUrl(emulator, accessToken)
  const form = { token: url.searchParams.get('token') ?? '', amount: '10' }
  await post(emulator, '/topup', form)
  t.equal((await post(emulator, '/topup', form)).status, 410)
  t.equal(emulator.users.get('user123').balance_formatted, '760.00')
  const second = await topupUrl(emulator, accessToken)
  emulator.clock.advance('10m')
  t.equal((await fetch(second)).status, 410)
})

t.test('a top-up page takes its own amounts only, and leads back to web addresses only', async (t) => {
  const emulator = await emulatorFor(t)
  const { accessToken } = await signedIn(emulator)
  const url = await topupUrl(emulator, accessToken)
  url.searchParams.set('return_to', 'javascript:alert(1)')
  t.notMatch(await (await fetch(url)).text(), 'javascript:')
  t.equal((await post(emulator, '/topup', { token: url.searchParams.get('token') ?? '', amount: '-1000' })).status, 400)
  t.equal(emulator.users.get('user123').balance_formatted, '750.00')
})

t.test('a huge and a negative balance are raised exactly', async (t) => {
  const emulator = await emulatorFor(t)
  for (const [username, balance] of [['huge', '18446744073719.55'], ['debt', '9.99']] as const) {
    const url = await topupUrl(emulator, (await signedIn(emulator, username)).accessToken)
    await post(emulator, '/topup', { token: url.searchParams.get('token') ?? '', amount: '10' })
    t.equal(emulator.users.get(username).balance_formatted, balance)
  }
  t.equal(emulator.users.get('huge').quota, 9223372036859775807n)
})

t.test('delayed crediting raises the balance when its time has come (E-59)', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.faults.set({ kind: 'delayed_credit', args: { seconds: 30 } })
  const tokens = await signedIn(emulator)
  const url = await topupUrl(emulator, tokens.accessToken)
  t.match(await (await post(emulator, '/topup', { token: url.searchParams.get('token') ?? '', amount: '10' })).text(), /data-balance="750.00"/)
  t.match((await userinfo(emulator, tokens)).body, { balance_formatted: '750.00' })
  emulator.clock.advance('30s')
  t.match((await userinfo(emulator, tokens)).body, { balance_formatted: '760.00' })
})

t.test('the developer console shows each secret once (E-16)', async (t) => {
  const emulator = await emulatorFor(t)
  t.notMatch(await (await fetch(`${emulator.url}/console/apps`)).text(), app.clientSecret)
  t.match(await (await post(emulator, '/console/apps', { client_id: app.clientId })).text(), app.clientSecret)
  t.notMatch(await (await post(emulator, '/console/apps', { client_id: app.clientId })).text(), app.clientSecret)
})
