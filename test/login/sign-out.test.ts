import t from 'tap'
import { createBrowser } from '../rig/browser.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { attemptOf, callbackOf, cookieScope, navigation, open, sessionCookie, signInTo, signOut } from './attempt.ts'

t.test('signing out asks first, then ends the session and clears the cookie as it was set (T-92)', async (t) => {
  for (const session of [{}, { cookieDomain: 'gw.test' }]) {
    const rig = await startRig(t, { config: { session: { keys: [Buffer.alloc(32, 7).toString('base64')], ...session } } })
    const ada = rig.newBrowser()
    const { setCookies: [set = ''] } = { setCookies: (await signInTo(rig, ada)).setCookies.filter((cookie) => /Aihubmix=/i.test(cookie) && !/max-age=0/i.test(cookie)) }
    const page = await open(ada, '/oauth2/sign_out')
    t.match(page.text, '<form method="post" action="/oauth2/sign_out">')
    t.equal((await open(ada, '/a')).status, 200, 'the page alone ends nothing')

    const answer = await signOut(ada)
    t.equal(answer.status, 303)
    t.equal(answer.location, '/oauth2/sign_out')
    const cleared = answer.setCookies.find((cookie) => /aihubmix=;/i.test(cookie)) ?? ''
    t.match(cleared, /max-age=0/i)
    t.strictSame(cookieScope(cleared), cookieScope(set))
    t.equal((await open(ada, '/a')).status, 302)
  }
})

t.test('the session cookie at sign-in: __Host-, Secure, HttpOnly, Lax, Path=/, no Domain (T-90)', async (t) => {
  const rig = await startRig(t)
  const { setCookies } = await signInTo(rig, rig.newBrowser())
  const set = setCookies.find((cookie) => cookie.startsWith(`${sessionCookie}=`)) ?? ''
  t.strictSame(cookieScope(set), ['httponly', `name=${sessionCookie}`, 'path=/', 'samesite=lax', 'secure'])
})

t.test('a copy of the cookie is worth nothing after the sign-out, at every replica at once (T-94, S-22)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { replicas: 2, redisUrl: redis.url })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const copy = ada.cookieHeader()
  const withCopy = (url: string) => createBrowser(url).fetch('/a', { headers: { ...navigation, cookie: copy } })
  for (const { url } of rig.replicas) t.equal((await withCopy(url)).status, 200)
  await signOut(ada)
  const seen = rig.upstream.seen.length
  for (const { url } of rig.replicas) t.equal((await withCopy(url)).status, 302)
  t.equal(rig.upstream.seen.length, seen, 'the app saw nothing')
  t.strictSame((await redis.client.keys('*session*')), [])
})

t.test('no other site can sign anybody out (T-89)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const crossSite: readonly Readonly<Record<string, string>>[] = [
    { origin: 'https://evil.test' }, { origin: 'null' }, { origin: 'https://gw.test.evil.test' }, { origin: 'https://gw.test@evil.test' },
    { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.test', 'sec-fetch-site': 'same-origin' }, {}
  ]
  for (const headers of crossSite) {
    const answer = await signOut(ada, { ...navigation, ...headers })
    t.equal(answer.status, 403, JSON.stringify(headers))
    t.strictSame(answer.setCookies, [])
  }
  const image = await ada.fetch('/oauth2/sign_out', { headers: { accept: 'image/*', 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' } })
  t.strictSame(image.setCookies, [])
  t.equal((await open(ada, '/a')).status, 200, 'still signed in')
})

t.test('foreign parameters of our own endpoints lead nowhere (T-88)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  for (const address of ['/oauth2/sign_out?rd=https://evil.test', '/oauth2/topup?return=https://evil.test&rd=https://evil.test', '/oauth2/userinfo?rd=https://evil.test']) {
    const { location, text } = await open(ada, address)
    t.notMatch(location ?? '', 'evil.test')
    t.notMatch(text, /(href|action)="[^"]*https?:\/\/evil/)
  }
  const { location } = await ada.fetch('/oauth2/sign_out?rd=https://evil.test', { method: 'POST', headers: { ...navigation, origin: 'https://gw.test' } })
  t.equal(location, '/oauth2/sign_out')
})

t.test('after a sign-out the next sign-in shows a page first and asks at AIHubMix', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  t.equal(attemptOf(await open(rig.newBrowser(), '/a')).authorizationUrl.searchParams.get('auto_authorize'), 'true', 'usually it is one click')
  await signOut(ada)

  const challenged = await open(ada, '/deep?x=1')
  t.equal(challenged.status, 302)
  t.equal(challenged.location, '/oauth2/sign_in?rd=%2Fdeep%3Fx%3D1')
  const page = await open(ada, challenged.location ?? '')
  t.equal(page.status, 200)
  const start = /href="(\/oauth2\/start[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const attempt = attemptOf(await open(ada, start))
  t.notOk(attempt.authorizationUrl.searchParams.has('auto_authorize'))

  const back = await open(ada, callbackOf(rig, attempt))
  t.equal(back.location, '/deep?x=1')
  t.notOk([...ada.cookies.keys()].some((name) => name.endsWith('-signed-out')), 'and the mark is gone')
  t.equal((await open(ada, '/a')).status, 200)
})

t.test('signing out needs no session: twice is as good as once', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const copy = ada.cookieHeader()
  for (let times = 0; times < 2; times++) t.equal((await ada.fetch('/oauth2/sign_out', { method: 'POST', headers: { ...navigation, origin: 'https://gw.test', cookie: copy } })).status, 303)
  t.equal((await ada.fetch('/oauth2/sign_out', { method: 'POST', headers: { accept: 'application/json', origin: 'https://gw.test' } })).status, 204)
  t.match((await open(ada, '/oauth2/sign_out')).text, 'href="/oauth2/sign_in"')
})

t.test('everybody can sign out while AIHubMix is away, even with an access token that ran out', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.faults.set({ kind: 'reset_connection' })
  rig.emulator.clock.advance('3h')
  t.equal((await open(ada, '/a')).status, 503)
  const page = await open(ada, '/oauth2/sign_out')
  t.equal(page.status, 200)
  t.match(page.text, '<form method="post"')
  t.equal((await signOut(ada)).status, 303)
})

t.test('one sign-out ends every session whose ticket the browser shows', async (t) => {
  const rig = await startRig(t)
  const [ada, eve] = [rig.newBrowser(), rig.newBrowser()]
  await signInTo(rig, ada)
  await signInTo(rig, eve, '/', 'rich')
  const tickets = [ada, eve].map(({ cookies }) => `${sessionCookie}=${cookies.get(sessionCookie)}`)
  await rig.newBrowser().fetch('/oauth2/sign_out', { method: 'POST', headers: { ...navigation, origin: 'https://gw.test', cookie: tickets.join('; ') } })
  for (const browser of [ada, eve]) t.equal((await open(browser, '/a')).status, 302)
})
