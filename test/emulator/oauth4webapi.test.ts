import * as oauth from 'oauth4webapi'
import t from 'tap'
import { app, authorizePath, emulatorFor, redirectOf, signInOnPage } from './start.ts'

t.test('oauth4webapi completes the code grant with PKCE, userinfo and a refresh against rfc-strict', async (t) => {
  const emulator = await emulatorFor(t, { preset: 'rfc-strict' })
  const server = { issuer: emulator.url, token_endpoint: `${emulator.url}/api/oauth2/token`, userinfo_endpoint: `${emulator.url}/api/oauth2/userinfo` }
  const client = { client_id: app.clientId }
  const authentication = oauth.ClientSecretPost(app.clientSecret)
  const insecure = { [oauth.allowInsecureRequests]: true }

  const verifier = oauth.generateRandomCodeVerifier()
  const challenge = await oauth.calculatePKCECodeChallenge(verifier)
  const path = authorizePath({ auto_authorize: 'true', code_challenge: challenge, code_challenge_method: 'S256' })
  const { response } = await signInOnPage(emulator, 'user123', path)
  const parameters = oauth.validateAuthResponse(server, client, redirectOf(response), 'state-1')

  const codeResponse = await oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, app.redirectUri, verifier, insecure)
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, codeResponse)
  t.equal(tokens.expires_in, 7200)

  const refreshResponse = await oauth.refreshTokenGrantRequest(server, client, authentication, String(tokens.refresh_token), insecure)
  const refreshed = await oauth.processRefreshTokenResponse(server, client, refreshResponse)
  t.not(refreshed.refresh_token, tokens.refresh_token)

  const userinfo = await oauth.protectedResourceRequest(refreshed.access_token, 'GET', new URL(server.userinfo_endpoint), undefined, undefined, insecure)
  t.match(await userinfo.json(), { username: 'user123' })
  t.equal(emulator.count('authorization_code'), 1)
  t.equal(emulator.count('refresh_token'), 1)
})

t.test('HTTP Basic works as well as credentials in the form', async (t) => {
  const emulator = await emulatorFor(t)
  const server = { issuer: emulator.url, token_endpoint: `${emulator.url}/api/oauth2/token` }
  const client = { client_id: app.clientId }
  const { code } = emulator.authorize({ username: 'user123', clientId: app.clientId, redirectUri: app.redirectUri })
  const parameters = oauth.validateAuthResponse(server, client, new URLSearchParams({ code, state: 's' }), 's')
  const response = await oauth.authorizationCodeGrantRequest(server, client, oauth.ClientSecretBasic(app.clientSecret), parameters, app.redirectUri, oauth.nopkce, { [oauth.allowInsecureRequests]: true })
  t.match(await oauth.processAuthorizationCodeResponse(server, client, response), { token_type: 'bearer' })
})
