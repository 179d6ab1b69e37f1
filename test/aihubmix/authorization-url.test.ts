import t from 'tap'
import { clientOf } from './fake.ts'

const request = { state: 'st+a/te=', codeChallenge: null, oneClick: false }

t.test('the authorization request holds the exact redirect URI, %20 for a space, and no more than is needed (V-41, V-42)', async (t) => {
  const redirectUri = 'https://GW.test:443/oauth2/callback/'
  const url = new URL(clientOf('https://server.test', { aihubmix: { redirectUri } }).authorizationUrl(request))
  t.equal(url.origin + url.pathname, 'https://api.aihubmix.com/api/oauth2/authorize')
  t.strictSame(Object.fromEntries(url.searchParams), { client_id: 'client_test', redirect_uri: redirectUri, response_type: 'code', scope: 'profile balance', state: 'st+a/te=' })
  t.match(url.search, 'scope=profile%20balance')
  t.match(url.search, 'state=st%2Ba%2Fte%3D')
})

t.test('one click and PKCE are asked for where they are wanted', async (t) => {
  const url = new URL(clientOf('https://server.test').authorizationUrl({ ...request, oneClick: true, codeChallenge: 'challenge' }))
  t.equal(url.searchParams.get('auto_authorize'), 'true')
  t.equal(url.searchParams.get('code_challenge'), 'challenge')
  t.equal(url.searchParams.get('code_challenge_method'), 'S256')
})
