import t from 'tap'
import { app, emulatorFor, jsonAnswer, redeem, refresh, signedIn, tokenRequest, tokensOf, userinfo } from './start.ts'

const codeFor = { username: 'user123', clientId: app.clientId, redirectUri: app.redirectUri }

t.test('a code works once; its replay is refused and takes back the tokens it gave (E-22)', async (t) => {
  const emulator = await emulatorFor(t)
  const { code } = emulator.authorize(codeFor)
  const tokens = tokensOf(await redeem(emulator, code))
  t.equal((await userinfo(emulator, tokens)).status, 200)
  t.match(await redeem(emulator, code), { status: 400, body: { error: 'invalid_grant' } })
  t.equal((await userinfo(emulator, tokens)).status, 401)
  t.match(await refresh(emulator, tokens.refreshToken), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('a code ends after ten minutes', async (t) => {
  const emulator = await emulatorFor(t)
  const { code } = emulator.authorize(codeFor)
  emulator.clock.advance('10m')
  t.match(await redeem(emulator, code), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('a code is bound to its redirect_uri, byte for byte (E-21)', async (t) => {
  const emulator = await emulatorFor(t)
  const { code } = emulator.authorize(codeFor)
  const form = { grant_type: 'authorization_code', code, redirect_uri: `${app.redirectUri}/` }
  t.match(await tokenRequest(emulator, form), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('a code is bound to its PKCE challenge', async (t) => {
  const emulator = await emulatorFor(t)
  const { code } = emulator.authorize({ ...codeFor, codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' })
  t.match(await redeem(emulator, code), { status: 400, body: { error: 'invalid_grant' } })
  const form = { grant_type: 'authorization_code', code, redirect_uri: app.redirectUri, code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk' }
  t.equal((await tokenRequest(emulator, form)).status, 200)
})

t.test('an access token ends after two hours of the emulator clock', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator)
  emulator.clock.advance('1h59m59s')
  t.equal((await userinfo(emulator, tokens)).status, 200)
  emulator.clock.advance('1s')
  t.match(await userinfo(emulator, tokens), { status: 401, body: { error: 'invalid_token' } })
})

t.test('a refresh token ends after thirty days', async (t) => {
  const emulator = await emulatorFor(t)
  const { refreshToken } = await signedIn(emulator)
  emulator.clock.advance('30d')
  t.match(await refresh(emulator, refreshToken), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('rotation is on: the old refresh token is refused, the new one works (E-51)', async (t) => {
  const emulator = await emulatorFor(t)
  const first = await signedIn(emulator)
  const second = tokensOf(await refresh(emulator, first.refreshToken))
  t.match(await refresh(emulator, first.refreshToken), { status: 400, body: { error: 'invalid_grant' } })
  t.equal((await refresh(emulator, second.refreshToken)).status, 200)
})

t.test('rotation with reuse detection: the old refresh token revokes the family (E-51)', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'rotation-reuse' })
  const first = await signedIn(emulator)
  const second = tokensOf(await refresh(emulator, first.refreshToken))
  t.match(await refresh(emulator, first.refreshToken), { status: 400, body: { error: 'invalid_grant' } })
  t.equal((await userinfo(emulator, second)).status, 401)
  t.match(await refresh(emulator, second.refreshToken), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('reuse detection forgives within its grace time', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.faults.set({ kind: 'rotation', args: { mode: 'on_with_reuse_detection', grace_seconds: 30 } })
  const { refreshToken } = await signedIn(emulator)
  await refresh(emulator, refreshToken)
  emulator.clock.advance('29s')
  t.equal((await refresh(emulator, refreshToken)).status, 200)
  emulator.clock.advance('1s')
  t.equal((await refresh(emulator, refreshToken)).status, 400)
})

t.test('rotation off: the same refresh token comes back and stays valid', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.faults.set({ kind: 'rotation', args: { mode: 'off' } })
  const { refreshToken } = await signedIn(emulator)
  t.equal(tokensOf(await refresh(emulator, refreshToken)).refreshToken, refreshToken)
  t.equal((await refresh(emulator, refreshToken)).status, 200)
})

t.test('the token endpoint takes a form only, from a known client, for a known grant (E-22)', async (t) => {
  const emulator = await emulatorFor(t)
  const asJson = await fetch(`${emulator.url}/api/oauth2/token`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"grant_type":"refresh_token"}' })
  t.match(await jsonAnswer(asJson), { status: 400, body: { error: 'invalid_request' } })
  t.match(await tokenRequest(emulator, { client_secret: 'wrong' }), { status: 401, body: { error: 'invalid_client' } })
  t.match(await tokenRequest(emulator, { grant_type: 'password' }), { status: 400, body: { error: 'unsupported_grant_type' } })
})

t.test('another client can use neither a code nor a refresh token', async (t) => {
  const emulator = await emulatorFor(t)
  const { refreshToken } = await signedIn(emulator)
  const { code } = emulator.authorize(codeFor)
  emulator.registerApp({ clientId: 'other', clientSecret: 'other-secret', redirectUri: app.redirectUri, name: 'Other' })
  const other = { client_id: 'other', client_secret: 'other-secret' }
  t.match(await tokenRequest(emulator, { grant_type: 'refresh_token', refresh_token: refreshToken, ...other }), { status: 400, body: { error: 'invalid_grant' } })
  t.match(await tokenRequest(emulator, { grant_type: 'authorization_code', code, redirect_uri: app.redirectUri, ...other }), { status: 400, body: { error: 'invalid_grant' } })
})
