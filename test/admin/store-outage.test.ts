import t from 'tap'
import { request } from 'undici'
import { beginSignIn, callbackOf, navigation, open, sessionCookie, signInTo, signOut } from '../login/attempt.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { timed, until } from '../rig/until.ts'

for (const outage of ['stopped', 'paused'] as const) {
  t.test(`Redis ${outage}: 503 within a second, public routes are served, no cookie is touched, and it heals by itself (T-114)`, async (t) => {
    const redis = await startRedis()
    t.after(() => redis.close())
    const rig = await startRig(t, { redisUrl: redis.url })
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    const attempt = await beginSignIn(ada, '/deep')
    const cookie = ada.cookieHeader()
    const seen = rig.upstream.seen.length

    if (outage === 'stopped') await redis.stop()
    else redis.pause()

    const asked = [
      () => open(ada, '/a'),
      () => ada.fetch('/a', { method: 'POST', headers: { accept: 'application/json' }, body: 'x' }),
      () => ada.fetch('/oauth2/userinfo', { headers: { accept: 'application/json' } }),
      () => open(ada, '/oauth2/topup'),
      () => open(ada, '/oauth2/sign_out'),
      () => signOut(ada),
      () => open(ada, callbackOf(rig, attempt))
    ]
    await Promise.all(asked.map(async (ask, index) => {
      const { result: { status, headers, setCookies, text }, tookMs } = await timed(ask)
      t.equal(status, 503, `request ${index}`)
      t.ok(tookMs < 1_300, `after ${Math.round(tookMs)} ms`)
      t.ok(Number(headers['retry-after']) > 0)
      t.strictSame(setCookies, [])
      t.match(text, 'session_store_unavailable')
      t.notMatch(text, /ECONN|127\.0\.0\.1|ioredis/i)
    }))
    t.equal(rig.upstream.seen.length, seen, 'the app saw nothing')
    t.equal(rig.emulator.count('authorization_code'), 1, 'and no code was redeemed')

    t.equal((await open(ada, '/public/a')).status, 200)
    t.strictSame(rig.upstream.valuesOf('X-User-Id'), [], 'a public route is served, to nobody in particular')
    t.equal((await open(rig.newBrowser(), '/a')).status, 302, 'without a cookie there is nothing to read')
    t.equal((await open(ada, '/oauth2/ping')).status, 200)
    t.equal((await open(ada, '/oauth2/sign_in')).status, 200)
    t.equal((await request(`${rig.adminUrl}/live`)).statusCode, 200)
    t.equal(ada.cookieHeader(), cookie)

    if (outage === 'stopped') await redis.start()
    else redis.resume()
    await until(async () => (await open(ada, '/a')).status === 200)
    // A paused Redis carries out later what nobody waits for any more: then the state is spent, and signing in begins anew.
    if (outage === 'stopped') t.equal((await open(ada, callbackOf(rig, attempt))).location, '/deep', 'the attempt that was interrupted is good still')
  })
}

t.test('Redis away at start: the gateway is there, says why it is not ready, and becomes ready by itself (T-115)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  await redis.stop()
  const rig = await startRig(t, { redisUrl: redis.url })
  const { statusCode, body } = await request(`${rig.adminUrl}/ready`)
  t.equal(statusCode, 503)
  t.match(await body.text(), 'session store')
  t.equal((await open(rig.newBrowser(), '/public/a')).status, 200)
  await redis.start()
  await until(async () => (await request(`${rig.adminUrl}/ready`)).statusCode === 200)
  const ada = rig.newBrowser()
  t.equal((await signInTo(rig, ada)).status, 303)
  t.equal((await open(ada, '/a')).status, 200)
})

t.test('a restart of the gateway keeps everybody signed in, and an interrupted sign-in too', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const before = await startRig(t, { redisUrl: redis.url })
  const ada = before.newBrowser()
  await signInTo(before, ada)
  const attempt = await beginSignIn(ada, '/deep')
  await before.gateway.close(1_000)

  const after = await startRig(t, { redisUrl: redis.url })
  const same = ada.via(after.url)
  t.equal((await open(same, '/a')).status, 200)
  t.strictSame(after.upstream.valuesOf('X-User-Id'), ['12345'])
  t.equal(after.emulator.count('token'), 0, 'without a word to AIHubMix')
  t.equal((await open(same, callbackOf(after, attempt))).location, '/deep')
})

t.test('a restart of Redis that kept its data keeps everybody signed in', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  await redis.stop()
  await redis.start()
  await until(async () => (await ada.fetch('/a', { headers: navigation })).status === 200)
  t.ok(ada.cookies.has(sessionCookie))
})

t.test('a sign-out that Redis did not hear of is not confirmed', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  await redis.stop()
  const { status, setCookies } = await signOut(ada)
  t.equal(status, 503)
  t.strictSame(setCookies, [])
  await redis.start()
  await until(async () => (await signOut(ada)).status === 303)
  t.equal((await open(ada, '/a')).status, 302)
})
