import t from 'tap'
import { app, emulatorFor, get, jsonAnswer, redeem, signedIn } from './start.ts'

t.test('userinfo of user123 is the sample of the guide, member for member and in its order (E-23)', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'guide-exact' })
  const { accessToken } = await signedIn(emulator)
  const response = await get(emulator, '/api/oauth2/userinfo', accessToken)
  t.equal(await response.text(), '{"id":12345,"username":"user123","email":"user@example.com","quota":1000000,"used_quota":250000,"balance_formatted":"750.00","created_time":1640995200,"status":1}')
})

t.test('the token answer has the members of the guide, in its order, and the look of its tokens', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'guide-exact' })
  const { code } = emulator.authorize({ username: 'user123', clientId: app.clientId, redirectUri: app.redirectUri })
  const { status, body } = await redeem(emulator, code)
  t.equal(status, 200)
  t.same(Object.keys(body), ['access_token', 'token_type', 'expires_in', 'refresh_token', 'scope'])
  t.match(body, { token_type: 'Bearer', expires_in: 7200, scope: 'profile balance', refresh_token: /^refresh_[0-9a-f]{48}$/ })
  t.match(body['access_token'], /^eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\./)
})

t.test('creating an app answers the envelope of the guide', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'guide-exact', apps: [], now: () => 1640995200000 })
  const { status, body } = await jsonAnswer(await fetch(`${emulator.url}/api/oauth_apps`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer developer-token' },
    body: JSON.stringify({ name: '我的第三方應用', description: '應用描述資訊', redirect_uri: 'https://yourapp.com/oauth/callback' })
  }))
  t.equal(status, 200)
  t.match(body, {
    success: true,
    message: '應用建立成功',
    data: { id: 1, name: '我的第三方應用', client_id: /^client_/, client_secret: /^secret_/, redirect_uri: 'https://yourapp.com/oauth/callback', created_time: 1640995200 }
  })
  t.same(Object.keys(body), ['success', 'message', 'data'])
  t.same(Object.keys(body['data'] ?? {}), ['id', 'name', 'client_id', 'client_secret', 'redirect_uri', 'created_time'])
})

t.test('the top-up link is one member, topup_url', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'guide-exact' })
  const { accessToken } = await signedIn(emulator)
  const { body } = await jsonAnswer(await get(emulator, '/api/oauth2/topup', accessToken))
  t.same(Object.keys(body), ['topup_url'])
  t.ok(String(body['topup_url']).startsWith(`${emulator.url}/topup?token=`))
})
