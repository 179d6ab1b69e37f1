import t from 'tap'
import { beginSignIn, callbackOf, open, sessionCookie, signInTo } from '../../login/attempt.ts'
import { app, startRig } from '../../rig/rig.ts'
import { accepted, codeOf, metric, only, refused, signedIn, startWorld } from './world.ts'

t.test('V-37 an error is believed only with the state of this browser; repeated parameters are refused', async (t) => {
  const world = await startWorld(t)
  const { rig } = world
  const answered = async (change: (search: URLSearchParams) => void) => {
    const browser = rig.newBrowser()
    const callback = new URL(callbackOf(rig, await beginSignIn(browser)), 'https://gw.test')
    change(callback.searchParams)
    const page = await open(browser, callback.pathname + callback.search)
    t.notOk(browser.cookies.has(sessionCookie))
    t.notMatch(page.text, /evil|<script>alert/)
    return [page.status, codeOf(page)]
  }
  t.same(await answered((search) => { search.delete('state'); search.set('error', 'access_denied') }), [400, 'missing_parameters'])
  t.same(await answered((search) => { search.set('state', 'somebody-elses'); search.set('error', 'access_denied') }), [400, 'invalid_state'])
  t.same(await answered((search) => { search.set('error', 'access_denied'); search.set('error_description', '<script>alert("evil")</script>') }), [403, 'consent_refused'], 'with both, the error counts')
  t.same(await answered((search) => { search.delete('code'); search.set('error', '<script>alert(1)</script>evil') }), [502, 'exchange_failed'])
  t.same(await answered((search) => { search.delete('code') }), [400, 'missing_parameters'])
  for (const name of ['code', 'state', 'error']) t.same(await answered((search) => { search.append(name, 'x'); search.append(name, 'y') }), [400, 'missing_parameters'])
  t.equal(rig.emulator.count('authorization_code'), 0, 'no code was redeemed')
  t.equal(await metric(world, 'sign_ins_total', { outcome: 'consent_refused' }), 1)
})

t.test('V-37 as AIHubMix may do it: no state, another state, everything twice, code and error', async (t) => {
  const world = await startWorld(t)
  for (const [fault, code] of [[{ kind: 'drop_state' }, 'missing_parameters'], [{ kind: 'tamper_state' }, 'invalid_state'], [{ kind: 'duplicate_params' }, 'missing_parameters'], [{ kind: 'code_and_error' }, 'consent_refused'], [{ kind: 'error', args: { code: 'temporarily_unavailable' } }, 'provider_unavailable']] as const) {
    only(world, fault)
    const browser = world.rig.newBrowser()
    // The login page is where a person stands: authorize errors come before it.
    const page = fault.kind === 'error' ? await browser.open('/a') : await browser.signIn()
    t.equal(codeOf(page), code, fault.kind)
  }
})

t.test('V-38 a top-up link is https and on a host of ours, or there is none', async (t) => {
  const world = await startWorld(t)
  const ada = await signedIn(world)
  for (const kind of ['missing', 'http', 'javascript', 'foreign_host', 'relative'] as const) {
    only(world, { kind })
    const page = await open(ada, '/oauth2/topup')
    t.same([page.status, codeOf(page), page.location], [502, 'topup_unavailable', null], kind)
  }
  for (const link of ['https://user:pass@aihubmix.com/', `https://aihubmix.com/${'x'.repeat(10_240)}`, 7, null]) {
    only(world, { kind: 'extra_fields', endpoint: 'topup', args: { fields: { topup_url: link } } })
    t.equal(codeOf(await open(ada, '/oauth2/topup')), 'topup_unavailable')
  }
  only(world, { kind: 'wrap', endpoint: 'topup' }, { kind: 'extra_fields', endpoint: 'topup', args: { fields: { topup_url: 'https://console.aihubmix.com/topup?x=1' } } })
  const { status, location } = await open(ada, '/oauth2/topup')
  t.same([status, location], [303, 'https://console.aihubmix.com/topup?x=1'])
  t.equal(await metric(world, 'error_answers_total', { code: 'topup_unavailable' }), 9)
})

t.test('V-39 a code that is used or too old starts the sign-in once more by itself, then there is a page', async (t) => {
  const world = await startWorld(t)
  const { rig } = world
  const ada = rig.newBrowser()
  const callback = callbackOf(rig, await beginSignIn(ada, '/deep'))
  rig.emulator.faults.set({ kind: 'status', endpoint: 'authorization_code', args: { code: 400, error: 'invalid_grant' } })
  const led = await open(ada, callback)
  t.equal(led.status, 302)
  t.match(led.location, `${rig.emulator.url}/api/oauth2/authorize`)
  const state = new URL(led.location ?? '').searchParams.get('state') ?? ''
  const page = await open(ada, callbackOf(rig, { state, authorizationUrl: new URL(led.location ?? '') }))
  t.same([page.status, codeOf(page)], [502, 'exchange_failed'])
  t.match(rig.logged(), /"audit":"sign_in_restarted"/)
  t.equal(await metric(world, 'sign_ins_total', { outcome: 'exchange_failed' }), 1, 'the person failed once')
})

t.test('V-40 PKCE: off by default; on, it works where it is honoured or ignored, and a refusal gives a page', async (t) => {
  const plain = await startWorld(t)
  const { authorizationUrl } = await beginSignIn(plain.rig.newBrowser())
  t.notOk(authorizationUrl.searchParams.has('code_challenge'))
  const world = await startWorld(t, { config: { aihubmix: { pkce: 'S256' } } })
  for (const as of ['honour', 'ignore'] as const) {
    only(world, { kind: 'pkce', args: { as } })
    const browser = world.rig.newBrowser()
    t.equal((await browser.signIn()).status, 200, as)
    const sent = world.rig.emulator.requests.findLast(({ path }) => path.endsWith('/token'))?.body['code_verifier']
    t.match(sent, /^[\w-]{43}$/)
  }
  only(world, { kind: 'pkce', args: { as: 'reject' } })
  const page = await world.rig.newBrowser().open('/a')
  t.same([page.status, codeOf(page)], [502, 'exchange_failed'])
  t.match(world.rig.logged(), 'invalid_request')
})

t.test('V-41 a space in scope is sent as %20, which every reader takes for a space', async (t) => {
  const world = await startWorld(t)
  only(world, { kind: 'strict_scope_encoding' })
  const browser = world.rig.newBrowser()
  t.equal((await browser.signIn()).status, 200)
  t.match((await beginSignIn(browser)).authorizationUrl.search, 'scope=profile%20balance')
})

t.test('V-42 the redirect URI goes out byte for byte as it is configured, at authorize and at token', async (t) => {
  for (const redirectUri of ['https://gw.test/oauth2/callback/', 'https://gw.test/sign/in/Callback', 'https://gw.test/oauth2/Callback.v2/']) {
    const rig = await startRig(t, { config: { aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, redirectUri } }, emulator: { apps: [{ ...app, redirectUri }] } })
    const browser = rig.newBrowser()
    const { authorizationUrl } = await beginSignIn(browser)
    t.equal(authorizationUrl.searchParams.get('redirect_uri'), redirectUri)
    t.equal((await browser.signIn()).status, 200, redirectUri)
    t.equal(rig.emulator.requests.findLast(({ path }) => path.endsWith('/token'))?.body['redirect_uri'], redirectUri)
  }
})

t.test('V-43 clocks that differ by ten minutes, and a token that says another end than expires_in, change nothing', async (t) => {
  const world = await startWorld(t)
  for (const by of ['10m', '-10m']) {
    only(world, { kind: 'clock_skew', args: { by } })
    const ada = await accepted(world)
    const before = world.rig.emulator.count('refresh_token')
    world.rig.emulator.clock.advance('1h')
    t.equal((await open(ada, '/a')).status, 200)
    t.equal(world.rig.emulator.count('refresh_token'), before, 'nothing is refreshed too early')
  }
  for (const seconds of [-86_400, 86_400]) {
    only(world, { kind: 'jwt_exp_mismatch', args: { seconds } })
    const ada = await accepted(world)
    const before = world.rig.emulator.count('refresh_token')
    world.rig.emulator.clock.advance('1h')
    t.equal((await open(ada, '/a')).status, 200)
    t.equal(world.rig.emulator.count('refresh_token'), before, 'what the token says of itself is not read')
  }
})

t.test('V-44 cookies, Server and CORS headers of AIHubMix reach no browser, and no cookie goes back to it', async (t) => {
  const world = await startWorld(t)
  only(world, { kind: 'header', args: { name: 'set-cookie', value: 'session=aihubmix; Path=/' } }, { kind: 'header', args: { name: 'server', value: 'one-api' } }, { kind: 'cors' })
  const browser = world.rig.newBrowser()
  const answers = [await signInTo(world.rig, browser), await open(browser, '/oauth2/userinfo?fresh=1'), await browser.fetch('/oauth2/topup', { headers: { accept: 'application/json' } })]
  for (const { status, headers, setCookies } of answers) {
    t.ok(status < 400)
    t.notMatch(setCookies.join(), 'aihubmix;')
    t.same([headers['server'], headers['access-control-allow-origin']], [undefined, undefined])
  }
  t.same(world.rig.emulator.requests.filter(({ path, headers }) => /token|userinfo|topup/.test(path) && headers['cookie'] !== undefined), [])
})

t.test('V-45 Chinese error texts are in the log, and on no page; no decision is taken by them', async (t) => {
  const world = await startWorld(t)
  const message = '無權進行此操作\u202e，invalid_grant，token eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.c2VjcmV0 已過期'
  for (const [endpoint, body, status, code] of [['authorization_code', 'envelope200', 502, 'exchange_failed'], ['userinfo', 'envelope200', 502, 'exchange_failed'], ['authorization_code', 'newapi', 502, 'exchange_failed']] as const) {
    only(world, { kind: 'status', endpoint, args: { code: 400, body, message } })
    await refused(world, status, code)
  }
  t.match(world.rig.logged(), '無權進行此操作')
  t.notMatch(world.rig.logged(), /\u202e|eyJhbGciOiJIUzI1NiJ9\.c2V/, 'without direction signs, and without a token')
})
