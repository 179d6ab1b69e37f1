import t from 'tap'
import { sessionCookie, signOut } from '../login/attempt.ts'
import { startRedis } from '../rig/redis.ts'
import { publicUrl } from '../rig/browser.ts'
import { until } from '../rig/until.ts'
import { ask, askAs, everyShape, headerOf, passes, startForwardAuth } from './ask.ts'

const navigation = ['Accept: text/html', 'Sec-Fetch-Mode: navigate']
const complete = ['X-Forwarded-Method: GET', 'X-Forwarded-Host: gw.test', 'X-Forwarded-Uri: /a?b=1']

t.test('a token that has run out is renewed for a question as for a request, once for all', async (t) => {
  const rig = await startForwardAuth(t)
  const browser = rig.newBrowser()
  await browser.signIn()
  const cookie = `Cookie: ${browser.cookieHeader()}`
  rig.emulator.clock.advance('2h1m')
  const answers = await Promise.all(everyShape.map(async (shape) => await askAs(rig, shape, { uri: '/a' }, [cookie])))
  t.strictSame(answers.map(({ status }) => status), everyShape.map(passes))
  t.equal(rig.emulator.count('refresh_token'), 1)
  t.notOk(answers.some((answer) => headerOf(answer, 'set-cookie') !== null), 'T-128 the ticket stays the same when tokens are renewed: there is nothing to set')
})

t.test('what is known of a user is re-read for questions as for requests', async (t) => {
  const rig = await startForwardAuth(t)
  const browser = rig.newBrowser()
  await browser.signIn()
  const cookie = `Cookie: ${browser.cookieHeader()}`
  rig.emulator.users.set('user123', { balance_formatted: '1.25' })
  rig.emulator.clock.advance('31s')
  await until(async () => headerOf(await askAs(rig, 'nginx', { uri: '/a' }, [cookie]), 'x-user-balance') === '1.25')
})

t.test('while Redis is away a question is a 503 with Retry-After, a public one passes, and no cookie is touched', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startForwardAuth(t, { redisUrl: redis.url })
  const browser = rig.newBrowser()
  await browser.signIn()
  const cookie = `Cookie: ${browser.cookieHeader()}`
  await redis.stop()
  for (const shape of everyShape) {
    const answer = await askAs(rig, shape, { uri: '/a' }, [cookie])
    t.equal(answer.status, 503, shape)
    t.ok(Number(headerOf(answer, 'retry-after')) > 0)
    t.equal(headerOf(answer, 'set-cookie'), null)
  }
  t.equal((await askAs(rig, 'nginx', { uri: '/public/a' }, [cookie])).status, 202)
})

t.test('a session that ended opens nothing any more', async (t) => {
  const rig = await startForwardAuth(t)
  const browser = rig.newBrowser()
  await browser.signIn()
  const cookie = `Cookie: ${sessionCookie}=${browser.cookies.get(sessionCookie)}`
  t.equal((await askAs(rig, 'nginx', { uri: '/a' }, [cookie])).status, 202)
  await signOut(browser)
  for (const shape of everyShape) t.equal((await askAs(rig, shape, { uri: '/a' }, [cookie])).status, 401, shape)
})

t.test('a balance below the route\'s is a 402, for a person a page that leads to the top-up and back to the address', async (t) => {
  const rig = await startForwardAuth(t, { config: { routes: [{ path: '/', minBalance: '750.01' }, { path: '/warned', warnBalance: '1000' }] } })
  const browser = rig.newBrowser()
  await browser.signIn()
  const cookie = `Cookie: ${browser.cookieHeader()}`
  for (const shape of everyShape) {
    const program = await askAs(rig, shape, { uri: '/a' }, [cookie])
    t.equal(program.status, 402, shape)
    t.match(program.text, '"topup_url":"https://gw.test/oauth2/topup"')
    t.equal(headerOf(program, 'x-user-id'), null)
    const person = await askAs(rig, shape, { uri: '/deep/link?x=1' }, [cookie, ...navigation])
    t.equal(person.status, 402, shape)
    t.match(person.text, 'href="/deep/link?x=1', 'the page links to what was asked for, not to our endpoint')
    t.equal(headerOf(await askAs(rig, shape, { uri: '/warned' }, [cookie]), 'x-user-balance-low'), 'true', shape)
  }
})

t.test('who is asked to sign in comes back to the address asked for', async (t) => {
  const rig = await startForwardAuth(t)
  const browser = rig.newBrowser()
  const lines = { 'x-forwarded-method': 'GET', 'x-forwarded-host': 'gw.test', 'x-forwarded-uri': '/deep/link?x=1&y=%2F+z', accept: 'text/html' }
  const { location } = await browser.fetch('/oauth2/auth?login=redirect', { headers: lines })
  const address = await (async () => {
    const { state } = Object.fromEntries(new URL(location ?? '').searchParams)
    const { code } = rig.emulator.authorize({ username: 'user123', clientId: 'client_rig', redirectUri: `${publicUrl}/oauth2/callback` })
    return (await browser.fetch(`/oauth2/callback?${new URLSearchParams({ code, state: state ?? '' })}`)).location
  })()
  t.equal(address, '/deep/link?x=1&y=%2F+z')
  t.equal((await browser.fetch('/oauth2/auth', { headers: lines })).status, 202)
})

t.test('who signed out is asked first, at an absolute address: Traefik would put its own before a relative one', async (t) => {
  const rig = await startForwardAuth(t)
  const browser = rig.newBrowser()
  await browser.signIn()
  await signOut(browser)
  const answer = await askAs(rig, 'Traefik', { uri: '/a?b=1' }, [...navigation, `Cookie: ${browser.cookieHeader()}`])
  t.equal(headerOf(answer, 'location'), 'https://gw.test/oauth2/sign_in?rd=%2Fa%3Fb%3D1')
})

t.test('on a host that shares the session, sign-in leads to the public host and back', async (t) => {
  const rig = await startForwardAuth(t, { config: { server: { publicUrl: 'https://gw.example.test', trustedProxies: ['127.0.0.1'] }, session: { cookieDomain: 'example.test', keys: [Buffer.alloc(32, 7).toString('base64')] }, routes: [{ host: '*.example.test' }] } })
  const answer = await askAs(rig, 'Traefik', { uri: '/a', host: 'other.example.test' }, navigation)
  t.match(headerOf(answer, 'location'), /^https:\/\/gw\.example\.test\/oauth2\/start\?rd=https%3A%2F%2Fother\.example\.test%2Fa/)
})

t.test('a route for programs leads nobody to sign in', async (t) => {
  const rig = await startForwardAuth(t, { config: { routes: [{ path: '/', api: true }] } })
  for (const shape of everyShape) t.equal((await askAs(rig, shape, { uri: '/a' }, navigation)).status, 401, shape)
})

t.test('asked what to show after a refusal, the answer is never a 2xx: the app has not seen the request', async (t) => {
  const rig = await startForwardAuth(t)
  const browser = rig.newBrowser()
  await browser.signIn()
  const signedIn = `Cookie: ${browser.cookieHeader()}`
  const target = '/oauth2/auth?login=redirect&refused=1'
  const program = await ask(rig, [...complete, signedIn], { target })
  t.equal(program.status, 503)
  t.match(program.text, 'decision_changed')
  const person = await ask(rig, [...complete, signedIn, ...navigation], { target })
  t.equal(person.status, 303)
  t.equal(headerOf(person, 'location'), '/a?b=1')
  t.equal((await ask(rig, complete, { target })).status, 401)
  t.equal((await ask(rig, [...complete, ...navigation], { target })).status, 302)
})

t.test('a route without an upstream forwards nothing: at our own door it is a 404', async (t) => {
  const rig = await startForwardAuth(t)
  const browser = rig.newBrowser()
  await browser.signIn()
  t.equal((await browser.fetch('/a')).status, 404)
  t.equal((await browser.fetch('/public/a')).status, 404)
  t.equal((await browser.fetch('/admin')).status, 403)
})
