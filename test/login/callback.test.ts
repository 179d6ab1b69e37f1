import t from 'tap'
import { get, sendRaw } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { beginSignIn, callbackOf, navigation, open, sessionCookie, signInTo } from './attempt.ts'

t.test('a state that is not the one given out is refused before AIHubMix is asked (T-75)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await beginSignIn(ada)
  const { status, text, setCookies } = await open(ada, '/oauth2/callback?code=c&state=wrong')
  t.equal(status, 400)
  t.match(text, '<h1>')
  t.strictSame(setCookies, [])
  t.equal(rig.emulator.count('token'), 0)
})

t.test('a right state without the cookie of its attempt is nothing: login CSRF (T-76)', async (t) => {
  const rig = await startRig(t)
  const [eve, victim] = [rig.newBrowser(), rig.newBrowser()]
  const callback = callbackOf(rig, await beginSignIn(eve), 'rich')
  t.equal((await open(victim, callback)).status, 400)
  t.equal(rig.emulator.count('token'), 0)
  t.notOk(victim.cookies.has(sessionCookie))
})

t.test('a callback works in the browser that began it and in no other (T-77)', async (t) => {
  const rig = await startRig(t)
  const [ada, eve] = [rig.newBrowser(), rig.newBrowser()]
  const callback = callbackOf(rig, await beginSignIn(ada))
  await beginSignIn(eve)
  t.equal((await open(eve, callback)).status, 400)
  t.equal(rig.emulator.count('token'), 0)
  t.equal((await open(ada, callback)).status, 303, 'and the attempt was not lost by that')
})

t.test('the value of one attempt under the cookie name of another is refused', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const first = await beginSignIn(ada, '/one')
  const nameOfFirst = [...ada.cookies.keys()][0] ?? ''
  const second = await beginSignIn(ada, '/two')
  const nameOfSecond = [...ada.cookies.keys()][1] ?? ''
  ada.cookies.set(nameOfFirst, ada.cookies.get(nameOfSecond) ?? '')
  t.equal((await open(ada, callbackOf(rig, first))).status, 400)
  t.equal((await open(ada, callbackOf(rig, second))).status, 303)
})

t.test('the same callback twice: one token call, the second is led to the app (T-78)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const callback = callbackOf(rig, await beginSignIn(ada, '/deep'))
  t.equal((await open(ada, callback)).location, '/deep')
  const again = await open(ada, callback)
  t.equal(again.status, 303)
  t.equal(again.location, '/')
  t.equal(rig.emulator.count('token'), 1)
  t.equal((await open(ada, '/a')).status, 200)
})

t.test('incomplete, overlong and repeated parameters are 400 before AIHubMix is asked (T-79)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const { state } = await beginSignIn(ada)
  const queries = ['', 'code=c', `state=${state}`, 'code=&state=', `code=&state=${state}`, `code=${'c'.repeat(10_000)}&state=${state}`, `code=a&code=b&state=${state}`, `code=a&state=${state}&state=${state}`, `code=a&state=${state}&state=other`, `error=a&error=b&state=${state}`, 'error=access_denied', 'error=access_denied&state=', `code=c&state=${'s'.repeat(300)}`, 'state[]=a&code=c']
  for (const query of queries) {
    const { status, text } = await open(ada, `/oauth2/callback?${query}`)
    t.equal(status, 400, query.slice(0, 50))
    t.match(text, 'href="/oauth2/sign_in"')
  }
  t.equal((await sendRaw(rig.port, get(`/oauth2/callback?code=${'c'.repeat(100_000)}&state=${state}`))).status, 431)
  t.equal(rig.emulator.count('token'), 0)
})

t.test('the query of a callback is bytes: odd ones crash nothing', async (t) => {
  const rig = await startRig(t)
  for (const query of ['code=%ff&state=%00', '%', 'code=%&state=%', '=&==&', 'state=__proto__&code=constructor', 'code=%0d%0aX:1&state=%0d%0aX:1']) {
    const { status } = await sendRaw(rig.port, get(`/oauth2/callback?${query}`))
    t.equal(status, 400, query)
  }
})

t.test('a refusal at AIHubMix is a page of ours, its text is not shown, nothing loops (T-80)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const { state } = await beginSignIn(ada)
  const { status, text, location } = await open(ada, `/oauth2/callback?${new URLSearchParams({ error: 'access_denied', error_description: '<script>alert(1)</script>拒絕', state })}`)
  t.equal(status, 403)
  t.equal(location, null)
  t.notMatch(text, /<script|alert\(1\)|拒絕/)
  t.match(text, 'consent_refused')
  t.equal(rig.emulator.count('token'), 0)
  t.equal([...ada.cookies.keys()].length, 0, 'the attempt is over')
})

t.test('an error is nothing without the state of this browser; any other code is a page as well (T-80, V-37)', async (t) => {
  const rig = await startRig(t)
  t.equal((await open(rig.newBrowser(), '/oauth2/callback?error=access_denied&state=x')).status, 400)
  for (const [error, status] of [['server_error', 503], ['temporarily_unavailable', 503], ['invalid_scope', 502], ['<b>', 502]] as const) {
    const ada = rig.newBrowser()
    const { state } = await beginSignIn(ada)
    const answer = await open(ada, `/oauth2/callback?${new URLSearchParams({ error, state })}`)
    t.equal(answer.status, status, error)
    t.notMatch(answer.text, '<b>')
  }
})

t.test('a code beside an error is not redeemed (V-37)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const callback = callbackOf(rig, await beginSignIn(ada))
  t.equal((await open(ada, `${callback}&error=access_denied`)).status, 403)
  t.equal(rig.emulator.count('token'), 0)
})

t.test('who took too long is told so, with a way to begin again that works (T-81)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const callback = callbackOf(rig, await beginSignIn(ada))
  rig.emulator.clock.advance('10m1s')
  const { status, text } = await open(ada, callback)
  t.equal(status, 400)
  t.match(text, 'sign_in_expired')
  t.match(text, 'href="/oauth2/sign_in"')
  t.equal(rig.emulator.count('token'), 0)
  const page = await open(ada, '/oauth2/sign_in')
  t.match(page.text, 'href="/oauth2/start?rd=%2F"')
  t.equal((await signInTo(rig, ada)).status, 303)
})

t.test('the browser keeps the cookie of an attempt long enough to be told that it took too long (T-81)', async (t) => {
  const rig = await startRig(t)
  const { setCookies } = await rig.newBrowser().fetch('/oauth2/start', { headers: navigation })
  t.ok(Number(/max-age=(\d+)/i.exec(setCookies[0] ?? '')?.[1]) >= 30 * 60)
})

t.test('OAuth parameters of the client are ignored (T-83)', async (t) => {
  const rig = await startRig(t)
  const query = 'scope=admin&redirect_uri=https://evil.test&client_id=x&response_type=token&state=fixed&code_challenge=x&auto_authorize=0&prompt=none'
  const { location } = await open(rig.newBrowser(), `/oauth2/start?${query}`)
  const plain = await open(rig.newBrowser(), '/oauth2/start')
  const withoutState = (address: string | null): string => (address ?? '').replace(/&state=[^&]+/, '')
  t.equal(withoutState(location), withoutState(plain.location))
  t.notMatch(location, 'fixed')
})

t.test('the authorization request is what the guide asks for, with an unguessable state and no secret (T-84, V-41, V-42)', async (t) => {
  const rig = await startRig(t)
  const states = new Set<string>()
  for (let begun = 0; begun < 20; begun++) {
    const { location } = await open(rig.newBrowser(), '/oauth2/start')
    const { origin, pathname, searchParams } = new URL(location ?? '')
    t.equal(origin + pathname, `${rig.emulator.url}/api/oauth2/authorize`)
    const { state = '', ...rest } = Object.fromEntries(searchParams)
    t.strictSame(rest, { client_id: 'client_rig', redirect_uri: 'https://gw.test/oauth2/callback', response_type: 'code', scope: 'profile balance', auto_authorize: 'true' })
    t.match(location, 'scope=profile%20balance')
    t.ok(Buffer.from(state, 'base64url').length >= 16)
    states.add(state)
    t.notMatch(location, 'secret_of_the_rig_client')
  }
  t.equal(states.size, 20)
})

t.test('with PKCE the challenge is S256 of a verifier that never left, and the sign-in works (T-84)', async (t) => {
  const rig = await startRig(t, { config: { aihubmix: { pkce: 'S256' } } })
  rig.emulator.faults.set({ kind: 'pkce', args: { as: 'honour' } })
  const ada = rig.newBrowser()
  t.equal((await ada.signIn()).status, 200)
  const authorize = rig.emulator.requests.find(({ path }) => path.endsWith('/authorize'))
  t.equal(authorize?.query['code_challenge_method'], 'S256')
  t.match(authorize?.query['code_challenge'], /^[\w-]{43}$/)
  const redeemed = rig.emulator.requests.find(({ path }) => path.endsWith('/token'))
  t.match(redeemed?.body['code_verifier'], /^[\w-]{43,128}$/)
})

t.test('signed in, a callback with a stale state leads to the app and redeems nothing (T-87)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const stale = callbackOf(rig, await beginSignIn(ada))
  await signInTo(rig, ada)
  const calls = rig.emulator.count('token')
  rig.emulator.clock.advance('11m')
  for (const address of [stale, '/oauth2/callback?code=c&state=unknown']) {
    const { status, location } = await open(ada, address)
    t.equal(status, 303)
    t.equal(location, '/')
  }
  t.equal(rig.emulator.count('token'), calls)
  t.equal((await open(ada, '/a')).status, 200, 'and she is signed in still')
})

t.test('the callback answers with nothing to keep and nothing to tell others (T-138)', async (t) => {
  const rig = await startRig(t)
  const { headers } = await signInTo(rig, rig.newBrowser())
  t.equal(headers['cache-control'], 'no-store')
  t.equal(headers['referrer-policy'], 'no-referrer')
})

t.test('a HEAD or POST to the callback redeems nothing', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const callback = callbackOf(rig, await beginSignIn(ada))
  for (const method of ['HEAD', 'POST']) t.ok((await ada.fetch(callback, { method })).status >= 400, method)
  t.equal(rig.emulator.count('token'), 0)
  t.equal((await open(ada, callback)).status, 303, 'and the attempt is as good as before')
})
