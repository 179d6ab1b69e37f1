import t from 'tap'
import { navigation, open, signInTo } from '../login/attempt.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig, type Rig, type RigOptions } from '../rig/rig.ts'
import { publicUrl } from '../rig/browser.ts'
import { until } from '../rig/until.ts'
import { startUpstream } from '../rig/upstream.ts'

type Teardown = Parameters<typeof startRig>[0]

/** `/slow` takes three requests a minute of each user, `/other` two, the rest any number. */
async function startLimited (t: Teardown, options: RigOptions = {}): Promise<Rig> {
  const app = await startUpstream()
  t.after(() => app.close())
  const rig = await startRig(t, {
    ...options,
    config: {
      server: { publicUrl, trustedProxies: ['127.0.0.1'] },
      routes: [
        { upstream: app.url },
        { path: '/slow', upstream: app.url, rateLimit: { requests: 3, window: '1m' } },
        { path: '/other', upstream: app.url, rateLimit: { requests: 2, window: '1m' } },
        { path: '/blink', upstream: app.url, rateLimit: { requests: 1, window: '1s' } },
        { path: '/paid', upstream: app.url, minBalance: '1', rateLimit: { requests: 1, window: '1m' } }
      ],
      ...options.config
    }
  })
  return { ...rig, upstream: app }
}

async function signedIn (rig: Rig, username = 'user123'): Promise<TestBrowser> {
  const browser = rig.newBrowser()
  await signInTo(rig, browser, '/', username)
  return browser
}

async function statuses (browser: TestBrowser, address: string, times: number): Promise<readonly number[]> {
  const answers: number[] = []
  for (let time = 0; time < times; time++) answers.push((await browser.fetch(address)).status)
  return answers
}

t.test('the request above the limit is a 429 that says when to come back; the app does not see it, and nobody is signed out', async (t) => {
  const rig = await startLimited(t)
  const ada = await signedIn(rig)
  t.strictSame(await statuses(ada, '/slow', 3), [200, 200, 200])
  const seen = rig.upstream.seen.length
  const refused = await ada.fetch('/slow/x')
  t.equal(refused.status, 429)
  t.match(refused.json(), { error: 'too_many_requests', message: String, request_id: String })
  const seconds = Number(refused.headers['retry-after'])
  t.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `${seconds}`)
  t.strictSame(refused.setCookies, [])
  t.equal(rig.upstream.seen.length, seen)
  t.equal((await open(ada, '/free')).status, 200)
})

t.test('each user, and each route, has a count of its own; two browsers of one user share it', async (t) => {
  const rig = await startLimited(t)
  const [ada, again, bea] = [await signedIn(rig), await signedIn(rig), await signedIn(rig, 'rich')]
  t.strictSame(await statuses(ada, '/slow', 2), [200, 200])
  t.strictSame(await statuses(again, '/slow', 2), [200, 429])
  t.strictSame(await statuses(bea, '/slow', 1), [200])
  t.strictSame(await statuses(ada, '/other', 3), [200, 200, 429])
})

t.test('what is refused for another reason counts for nothing', async (t) => {
  const rig = await startLimited(t)
  const poor = await signedIn(rig, 'poor')
  t.strictSame(await statuses(poor, '/paid', 3), [402, 402, 402])
  t.strictSame(await statuses(rig.newBrowser(), '/slow', 5), [401, 401, 401, 401, 401])
  rig.emulator.users.set('poor', { balance_formatted: '5.00' })
  rig.emulator.clock.advance('3s')
  t.strictSame(await statuses(poor, '/paid', 2), [200, 429])
})

for (const [lang, told] of [['en', 'faster than this page allows'], ['zh-Hant', '請求過於頻繁'], ['zh-Hans', '请求过于频繁']] as const) {
  t.test(`a person is told so in ${lang}`, async (t) => {
    const rig = await startLimited(t)
    const ada = await signedIn(rig)
    await statuses(ada, '/slow', 3)
    const { status, text, headers } = await ada.fetch('/slow', { headers: { ...navigation, 'accept-language': lang } })
    t.equal(status, 429)
    t.match(text, told)
    t.ok(Number(headers['retry-after']) > 0)
  })
}

t.test('forward-auth counts with the proxy: one limit, two doors', async (t) => {
  const rig = await startLimited(t)
  const ada = await signedIn(rig)
  const ask = async (): Promise<number> => (await ada.fetch('/oauth2/auth', { headers: { 'x-forwarded-uri': '/slow', 'x-forwarded-method': 'GET', 'x-forwarded-host': 'gw.test' } })).status
  t.equal(await ask(), 202)
  t.strictSame(await statuses(ada, '/slow', 2), [200, 200])
  t.equal(await ask(), 429)
})

t.test('when the window is over, requests pass again', async (t) => {
  const rig = await startLimited(t)
  const ada = await signedIn(rig)
  await until(async () => (await statuses(ada, '/blink', 2)).at(-1) === 429)
  await until(async () => (await statuses(ada, '/blink', 1))[0] === 200)
})

t.test('with Redis the count is one over all replicas, and holds no user id', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startLimited(t, { replicas: 2, redisUrl: redis.url, config: { session: { keys: [Buffer.alloc(32, 7).toString('base64')], redis: { url: redis.url, keyPrefix: 'gw:' } } } })
  const ada = await signedIn(rig)
  const other = ada.via(rig.replicas[1]?.url ?? '')
  t.strictSame(await statuses(ada, '/slow', 2), [200, 200])
  t.strictSame(await statuses(other, '/slow', 2), [200, 429])
  t.strictSame(await statuses(ada, '/slow', 1), [429])
  const keys = (await redis.client.keys('*')).filter((key) => key.includes('rate:'))
  t.equal(keys.length, 1)
  t.match(keys[0], /^gw:client_rig:rate:/)
  t.notMatch(keys[0], '12345')
  t.ok(await redis.client.pttl(keys[0] ?? '') > 0, 'and it ends by itself')
})

t.test('gateways of two apps on one Redis, with the same prefix and routes, count each for itself', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const one = await startLimited(t, { redisUrl: redis.url })
  const other = await startLimited(t, {
    redisUrl: redis.url,
    emulator: { apps: [{ clientId: 'client_other', clientSecret: 'secret_of_another', name: 'Other', redirectUri: 'https://gw.test/oauth2/callback' }] },
    config: { aihubmix: { clientId: 'client_other', clientSecret: 'secret_of_another' } }
  })
  t.strictSame(await statuses(await signedIn(one), '/slow', 4), [200, 200, 200, 429])
  const browser = other.newBrowser()
  await browser.signIn()
  t.strictSame(await statuses(browser, '/slow', 4), [200, 200, 200, 429], 'the same user, at another app')
})

t.test('who is over the limit costs Redis nothing more', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startLimited(t, { redisUrl: redis.url })
  const ada = await signedIn(rig)
  await statuses(ada, '/slow', 4)
  const count = async (): Promise<number> => await redis.calls('evalsha') + await redis.calls('eval')
  const before = await count()
  t.strictSame(await statuses(ada, '/slow', 5), [429, 429, 429, 429, 429])
  t.equal(await count(), before)
})

t.test('counts that Redis forgot, or cannot keep, refuse nobody and sign nobody out; each process then counts by itself', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startLimited(t, { redisUrl: redis.url })
  const ada = await signedIn(rig)
  t.strictSame(await statuses(ada, '/slow', 1), [200])
  for (const key of await redis.client.keys('*rate:*')) await redis.client.set(key, 'no number')
  t.strictSame(await statuses(ada, '/slow', 4), [200, 200, 200, 429])
  const answer = await open(ada, '/free')
  t.equal(answer.status, 200)
  t.strictSame(answer.setCookies, [])
})

t.test('while Redis is away nobody is told of too many requests, and after it the same session goes on', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startLimited(t, { redisUrl: redis.url })
  const ada = await signedIn(rig)
  t.strictSame(await statuses(ada, '/slow', 1), [200])
  await redis.stop()
  const away = await ada.fetch('/slow')
  t.ok(away.status === 503 || away.status === 200, `${away.status}`)
  t.strictSame(away.setCookies, [])
  await redis.start()
  await until(async () => (await ada.fetch('/free')).status === 200)
  t.equal((await ada.fetch('/other')).status, 200)
})
