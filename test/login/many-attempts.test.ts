import t from 'tap'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { attemptOf, beginSignIn, callbackOf, navigation, open, sessionCookie } from './attempt.ts'

t.test('ten tabs begin and finish in reverse order: each lands on its own deep link (T-82)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const tabs = []
  for (let tab = 0; tab < 10; tab++) tabs.push({ deepLink: `/tab/${tab}?n=${tab}`, attempt: attemptOf(await open(ada, `/tab/${tab}?n=${tab}`)) })
  for (const { deepLink, attempt } of tabs.toReversed()) {
    t.equal((await open(ada, callbackOf(rig, attempt))).location, deepLink)
  }
  t.strictSame([...ada.cookies.keys()], [sessionCookie], 'the cookies of the attempts are gone')
})

t.test('ten tabs finish at the same moment: each lands on its own deep link', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const tabs = []
  for (let tab = 0; tab < 10; tab++) tabs.push({ deepLink: `/tab/${tab}`, attempt: await beginSignIn(ada, `/tab/${tab}`) })
  const cookie = ada.cookieHeader()
  const answers = await Promise.all(tabs.map(({ attempt }) => ada.fetch(callbackOf(rig, attempt), { headers: { ...navigation, cookie } })))
  t.strictSame(answers.map(({ location }) => location), tabs.map(({ deepLink }) => deepLink))
})

t.test('the same callback ten times at once, over two replicas: one token call, no 500 (T-78)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { replicas: 2, redisUrl: redis.url })
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'authorization_code', args: { headers_ms: 200 } })
  const ada = rig.newBrowser()
  const callback = callbackOf(rig, await beginSignIn(ada, '/deep'))
  const cookie = ada.cookieHeader()
  const answers = await Promise.all(Array.from({ length: 10 }, async (_value, index) =>
    await ada.via(rig.replicas[index % 2]?.url ?? rig.url).fetch(callback, { headers: { ...navigation, cookie } })))
  t.equal(rig.emulator.count('token'), 1)
  t.equal(answers.filter(({ status, location }) => status === 303 && location === '/deep').length, 1)
  t.strictSame(answers.filter(({ status }) => status !== 303 && status !== 400), [])
  t.equal((await open(ada.via(rig.replicas[1]?.url ?? ''), '/a')).status, 200)
})

t.test('a state is spent once even when AIHubMix failed: the code is never sent twice', async (t) => {
  const rig = await startRig(t)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'authorization_code', args: { code: 500 }, count: 1 })
  const ada = rig.newBrowser()
  const callback = callbackOf(rig, await beginSignIn(ada))
  t.equal((await open(ada, callback)).status, 503)
  t.equal((await open(ada, callback)).status, 400)
  t.equal(rig.emulator.count('token'), 1)
})

t.test('attempts that are never finished do not pile up in the browser', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  let latest = await beginSignIn(ada, '/')
  for (let begun = 0; begun < 60; begun++) {
    rig.emulator.clock.advance(1_000)
    latest = await beginSignIn(ada, `/${'a'.repeat(500)}${begun}`)
  }
  t.ok(ada.cookieHeader().length < 10_000, `${ada.cookieHeader().length} bytes of cookies`)
  t.equal((await open(ada, callbackOf(rig, latest))).status, 303)
})

t.test('junk under our cookie names is swept away by the next sign-in', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  for (let planted = 0; planted < 30; planted++) ada.cookies.set(`${sessionCookie}-login-${planted}`, 'x'.repeat(400))
  const attempt = await beginSignIn(ada)
  t.ok(ada.cookieHeader().length < 10_000)
  t.equal((await open(ada, callbackOf(rig, attempt))).status, 303)
})
