import t from 'tap'
import { app, authorizePath, emulatorFor, redeem, refresh, signedIn, userinfo } from './start.ts'

t.test('brownout: every answer two seconds late, one in ten a 503', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'brownout' })
  const answers = await Promise.all(Array.from({ length: 60 }, async () => {
    const startedAt = performance.now()
    const { status } = await fetch(`${emulator.url}/api/status`)
    return { status, ms: performance.now() - startedAt }
  }))
  const failed = answers.filter(({ status }) => status === 503)
  t.ok(failed.length > 0 && failed.length < 20, `${failed.length} of 60`)
  for (const { status, ms } of answers) if (status === 200) t.ok(ms >= 1_999)
})

t.test('down: no connection lives, not even the browser\'s', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'down' })
  await t.rejects(fetch(`${emulator.url}/api/status`))
  await t.rejects(fetch(`${emulator.url}${authorizePath()}`))
})

t.test('china-split: the pages answer, the back channel does not', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'china-split' })
  t.equal((await fetch(`${emulator.url}${authorizePath()}`)).status, 200)
  await t.rejects(redeem(emulator, 'code'))
  await t.rejects(userinfo(emulator, { accessToken: 'x' }))
})

t.test('revoked-mid-session: the third reading finds the consent taken back, the refresh too; who consents anew is welcome', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'revoked-mid-session' })
  const tokens = await signedIn(emulator)
  const statuses = []
  for (let call = 0; call < 4; call++) statuses.push((await userinfo(emulator, tokens)).status)
  t.same(statuses, [200, 200, 401, 401])
  t.match(await refresh(emulator, tokens.refreshToken), { status: 400, body: { error: 'invalid_grant' } })
  const again = await signedIn(emulator)
  t.equal((await userinfo(emulator, again)).status, 200)
})

t.test('newapi-like wraps what succeeds and names refusals by code', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'newapi-like' })
  const { code } = emulator.authorize({ username: 'user123', clientId: app.clientId, redirectUri: app.redirectUri })
  t.match(await redeem(emulator, code), { status: 200, body: { success: true, data: { token_type: 'Bearer' } } })
  t.match(await userinfo(emulator, { accessToken: 'x' }), { status: 401, body: { success: false, code: 'AUTH_TOKEN_EXPIRED' } })
})

t.test('oneapi-like: refusals under 200 in Chinese, and too many calls are 429 with nothing else', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'oneapi-like' })
  t.match(await userinfo(emulator, { accessToken: 'x' }), { status: 200, body: { success: false, message: /無/ } })
  const statuses = await Promise.all(Array.from({ length: 481 }, async () => (await fetch(`${emulator.url}/api/status`)).status))
  t.ok(statuses.includes(429))
})

t.test('rotation-reuse: a spent refresh token takes its family along', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'rotation-reuse' })
  const tokens = await signedIn(emulator)
  const { body } = await refresh(emulator, tokens.refreshToken)
  t.equal((await refresh(emulator, tokens.refreshToken)).status, 400)
  t.equal((await userinfo(emulator, { accessToken: String(body['access_token']) })).status, 401)
})

t.test('rfc-strict: a code with a challenge needs its verifier', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'rfc-strict' })
  const { code } = emulator.authorize({ username: 'user123', clientId: app.clientId, redirectUri: app.redirectUri, codeChallenge: 'x'.repeat(43) })
  t.match(await redeem(emulator, code), { status: 400, body: { error: 'invalid_grant' } })
})
