import t from 'tap'
import { hostileUsername } from '../../src/emulator/seeded-users.ts'
import { app, authorizePath, emulatorFor, get, post, redeem, redirectOf, signInOnPage, tokensOf, userinfo } from './start.ts'

const auto = { auto_authorize: 'true' }

t.test('without a sign-in the login page is shown, even with auto_authorize (E-10)', async (t) => {
  const emulator = await emulatorFor(t)
  const page = await fetch(`${emulator.url}${authorizePath(auto)}`, { redirect: 'manual' })
  t.equal(page.status, 200)
  t.match(await page.text(), /data-user="user123">user123<\/button>/)
})

t.test('after sign-in with auto_authorize the browser goes back with a code, and a second time without a page (E-11, E-21)', async (t) => {
  const emulator = await emulatorFor(t)
  const { response, cookie } = await signInOnPage(emulator, 'user123', authorizePath(auto))
  t.equal(response.status, 303)
  t.equal(redirectOf(response).searchParams.get('state'), 'state-1')
  const again = await fetch(`${emulator.url}${authorizePath(auto)}`, { redirect: 'manual', headers: { cookie } })
  t.equal(again.status, 302)
  t.equal((await redeem(emulator, redirectOf(again).searchParams.get('code') ?? '')).status, 200)
  t.equal(emulator.count('authorize'), 1, 'signing in on the page is no authorization request of its own')
})

t.test('without auto_authorize consent is asked once (E-11)', async (t) => {
  const emulator = await emulatorFor(t)
  const { response, cookie } = await signInOnPage(emulator, 'user123', authorizePath())
  t.match(await response.text(), /data-action="allow"/)
  const allowed = await post(emulator, '/consent', { next: authorizePath(), decision: 'allow' }, cookie)
  t.ok(redirectOf(allowed).searchParams.get('code'))
  const again = await fetch(`${emulator.url}${authorizePath()}`, { redirect: 'manual', headers: { cookie } })
  t.equal(again.status, 302)
})

t.test('a user may allow the profile only', async (t) => {
  const emulator = await emulatorFor(t)
  const { cookie } = await signInOnPage(emulator, 'user123', authorizePath())
  const response = await post(emulator, '/consent', { next: authorizePath(), decision: 'profile' }, cookie)
  const granted = await redeem(emulator, redirectOf(response).searchParams.get('code') ?? '')
  t.equal(granted.body['scope'], 'profile')
  t.notOk('balance_formatted' in (await userinfo(emulator, tokensOf(granted))).body)
})

t.test('a refusal goes back as access_denied with the state (E-12)', async (t) => {
  const emulator = await emulatorFor(t)
  const { cookie } = await signInOnPage(emulator, 'user123', authorizePath())
  const response = await post(emulator, '/consent', { next: authorizePath(), decision: 'deny' }, cookie)
  t.equal(redirectOf(response).search, '?error=access_denied&state=state-1')
})

t.test('an unknown client, a redirect_uri that differs, and a repeated parameter never redirect (E-13)', async (t) => {
  const emulator = await emulatorFor(t)
  const refused = [
    authorizePath({ client_id: 'nobody' }),
    authorizePath({ redirect_uri: `${app.redirectUri}/` }),
    authorizePath({ redirect_uri: app.redirectUri.replace('localhost', 'LOCALHOST') }),
    authorizePath({ redirect_uri: 'https://attacker.example/' }),
    `${authorizePath()}&state=second`
  ]
  for (const path of refused) t.match(await fetch(`${emulator.url}${path}`, { redirect: 'manual' }), { status: 400 }, path)
})

t.test('other mistakes go back to the client as errors (E-13)', async (t) => {
  const emulator = await emulatorFor(t)
  const errorOf = async (parameters: Readonly<Record<string, string>>) =>
    redirectOf(await fetch(`${emulator.url}${authorizePath(parameters)}`, { redirect: 'manual' })).searchParams.get('error')
  t.equal(await errorOf({ response_type: 'token' }), 'unsupported_response_type')
  t.equal(await errorOf({ scope: 'profile everything' }), 'invalid_scope')
  t.equal(await errorOf({ state: '' }), 'invalid_request')
  t.equal(await errorOf({ code_challenge: 'x', code_challenge_method: 'plain' }), 'invalid_request')
})

t.test('a hostile user name is escaped, and its button still signs that user in', async (t) => {
  const emulator = await emulatorFor(t)
  const page = await (await fetch(`${emulator.url}${authorizePath(auto)}`)).text()
  t.notMatch(page, '<script')
  const { response } = await signInOnPage(emulator, hostileUsername, authorizePath(auto))
  const tokens = tokensOf(await redeem(emulator, redirectOf(response).searchParams.get('code') ?? ''))
  t.equal((await userinfo(emulator, tokens)).body['username'], hostileUsername)
})

t.test('a hostile app name is escaped on the consent page', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.registerApp({ ...app, name: '"><img src=x onerror=alert(1)>' })
  const { response } = await signInOnPage(emulator, 'user123', authorizePath())
  t.notMatch(await response.text(), '<img')
})

t.test('pages allow no script and no foreign asset, and name themselves an emulator', async (t) => {
  const emulator = await emulatorFor(t)
  const page = await fetch(`${emulator.url}${authorizePath()}`)
  t.match(page.headers.get('content-security-policy'), /^default-src 'none'/)
  t.equal(page.headers.get('x-aihubmix-emulator'), '1')
  const text = await page.text()
  t.match(text, /AIHubMix emulator/)
  t.notMatch(text, /(src|href)="https?:/)
})

t.test('pages speak three languages, by lang and by Accept-Language', async (t) => {
  const emulator = await emulatorFor(t)
  const textIn = async (query: string, language: string) =>
    (await fetch(`${emulator.url}/user/authorizations${query}`, { headers: { 'accept-language': language } })).text()
  t.match(await textIn('', 'zh-TW,zh;q=0.9'), /<html lang="zh-Hant">/)
  t.match(await textIn('', 'zh-CN'), /<html lang="zh-Hans">/)
  t.match(await textIn('', 'fr'), /<html lang="en">/)
  t.match(await textIn('?lang=zh-Hant', 'en'), /登入/)
})

t.test('sign-in goes on to pages of the emulator only', async (t) => {
  const emulator = await emulatorFor(t)
  for (const next of ['https://attacker.example/', '//attacker.example/', '/\\attacker.example', 'https://attacker.example/user/authorizations']) {
    const { response } = await signInOnPage(emulator, 'user123', next)
    t.equal(response.headers.get('location'), '/user/authorizations', next)
  }
})

t.test('a name the emulator does not know is refused', async (t) => {
  const emulator = await emulatorFor(t)
  const { response } = await signInOnPage(emulator, 'nobody', authorizePath())
  t.equal(response.status, 401)
  t.same(response.headers.getSetCookie(), [])
})

t.test('a token in no shape at all is refused by userinfo', async (t) => {
  const emulator = await emulatorFor(t)
  t.equal((await get(emulator, '/api/oauth2/userinfo', 'nonsense')).status, 401)
  t.equal((await fetch(`${emulator.url}/api/oauth2/userinfo`)).status, 401)
})
