import t from 'tap'
import { createBrowser } from '../rig/browser.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { beginSignIn, callbackOf, navigation, open, sessionCookie, signInTo } from './attempt.ts'

t.test('a session planted before the sign-in is not the session after it, and is over (T-97)', async (t) => {
  const rig = await startRig(t)
  const [eve, victim] = [rig.newBrowser(), rig.newBrowser()]
  await signInTo(rig, eve, '/', 'rich')
  const planted = eve.cookies.get(sessionCookie) ?? ''
  victim.cookies.set(sessionCookie, planted)
  await signInTo(rig, victim)
  t.not(victim.cookies.get(sessionCookie), planted)
  t.equal((await open(victim, '/a')).status, 200)
  t.strictSame(rig.upstream.valuesOf('X-User-Id'), ['12345'])
  t.equal((await open(eve, '/a')).status, 302, 'whoever planted it is signed out')
})

t.test('a planted cookie that is no session stays none (T-97)', async (t) => {
  const rig = await startRig(t)
  const victim = rig.newBrowser()
  const gone = rig.newBrowser()
  await signInTo(rig, gone)
  const planted = gone.cookies.get(sessionCookie) ?? ''
  await gone.fetch('/oauth2/sign_out', { method: 'POST', headers: { origin: 'https://gw.test' } })
  victim.cookies.set(sessionCookie, planted)
  await signInTo(rig, victim)
  t.equal((await createBrowser(rig.url).fetch('/a', { headers: { ...navigation, cookie: `${sessionCookie}=${planted}` } })).status, 302)
})

t.test('when a second user signs in, the session of the first is deleted and nothing of the first is shown (T-98)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url })
  const browser = rig.newBrowser()
  await signInTo(rig, browser)
  const first = browser.cookieHeader()
  t.equal((await open(browser, '/oauth2/sign_in')).status, 200)
  await signInTo(rig, browser, '/', 'rich')
  t.equal((await redis.client.keys('*session*')).length, 1)
  await open(browser, '/a')
  t.strictSame(rig.upstream.valuesOf('X-User-Id'), ['101'])
  t.notMatch((await open(browser, '/oauth2/userinfo')).text, /12345|user@example/)
  t.equal((await createBrowser(rig.url).fetch('/a', { headers: { ...navigation, cookie: first } })).status, 302)
})

t.test('a sign-in that fails leaves the session that was there', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'authorization_code', args: { code: 500 }, count: 1 })
  t.equal((await signInTo(rig, ada)).status, 503)
  t.equal((await open(ada, '/a')).status, 200)
})

t.test('a host other than the public one is led to the public URL, and gets no cookie', async (t) => {
  const rig = await startRig(t)
  const ada = createBrowser(rig.url)
  const { status, location, setCookies, headers } = await ada.fetch('/deep?x=1', { headers: { ...navigation, host: 'other.test' } })
  t.equal(status, 302)
  t.equal(location, 'https://gw.test/oauth2/start?rd=%2Fdeep%3Fx%3D1&led=1')
  t.strictSame(setCookies, [])
  t.equal(headers['cache-control'], 'no-store')
  const start = await ada.fetch('/oauth2/start?rd=/a', { headers: { ...navigation, host: 'OTHER.test:4180' } })
  t.equal(start.location, 'https://gw.test/oauth2/start?rd=%2Fa&led=1')
  for (const host of ['gw.test', 'GW.test', 'gw.test.', 'gw.test:443']) {
    t.ok((await ada.fetch('/a', { headers: { ...navigation, host } })).location?.startsWith(rig.emulator.url), host)
  }
})

t.test('a host that shares the cookie is come back to, with the deep link it was asked for', async (t) => {
  const keys = [Buffer.alloc(32, 7).toString('base64')]
  const rig = await startRig(t, { config: { session: { keys, cookieDomain: 'gw.test' } } })
  const sharing = await startRig(t, { config: { session: { keys, cookieDomain: 'gw.test' }, routes: [{ host: 'b.gw.test', path: '/', upstream: rig.upstream.url }, { path: '/', upstream: rig.upstream.url }] } })
  for (const [there, place] of [[rig, '/deep?x=1'], [sharing, 'https://b.gw.test/deep?x=1']] as const) {
    const ada = there.newBrowser()
    const { location } = await ada.fetch('/deep?x=1', { headers: { ...navigation, host: 'b.gw.test' } })
    t.equal(location, `https://gw.test/oauth2/start?${new URLSearchParams({ rd: place, led: '1' })}`)
    const rd = new URL(location ?? '').searchParams.get('rd') ?? ''
    const back = await ada.fetch(callbackOf(there, await beginSignIn(ada, rd)), { headers: navigation })
    t.equal(back.location, place)
    t.match(back.setCookies.join('\n'), /^__Secure-aihubmix=[^;]+;.*domain=gw\.test/im)
  }
})
