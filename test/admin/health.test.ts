import t from 'tap'
import { request } from 'undici'
import { navigation, open, signInTo } from '../login/attempt.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { timed, until } from '../rig/until.ts'

async function admin (adminUrl: string, path: string) {
  const { statusCode, headers, body } = await request(adminUrl + path)
  return { status: statusCode, headers, text: await body.text() }
}

t.test('a gateway that runs is live, started and ready, for as long as it is not told to stop', async (t) => {
  const rig = await startRig(t)
  for (const path of ['/live', '/startup', '/ready']) t.equal((await admin(rig.adminUrl, path)).status, 200, path)
  rig.gateway.drain()
  const { status, text } = await admin(rig.adminUrl, '/ready')
  t.equal(status, 503)
  t.match(text, 'shutting down')
  t.equal((await admin(rig.adminUrl, '/live')).status, 200)
  t.equal((await open(rig.newBrowser(), '/public/a')).status, 200, 'what comes in is served')
})

t.test('not ready while Redis is away, with the reason; live all the time; ready again by itself (T-114)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url })
  await until(async () => (await admin(rig.adminUrl, '/ready')).status === 200)
  await redis.stop()
  const { result: { status, text, headers }, tookMs } = await timed(() => admin(rig.adminUrl, '/ready'))
  t.equal(status, 503)
  t.match(text, 'session store')
  t.ok(headers['retry-after'])
  t.ok(tookMs < 1_200)
  t.notMatch(text, /127\.0\.0\.1|ECONN/)
  for (const path of ['/live', '/startup']) t.equal((await admin(rig.adminUrl, path)).status, 200)
  await redis.start()
  await until(async () => (await admin(rig.adminUrl, '/ready')).status === 200)
})

t.test('AIHubMix away does not make the gateway unready: it serves who is signed in', async (t) => {
  const rig = await startRig(t)
  rig.emulator.faults.set({ kind: 'reset_connection' })
  t.equal((await admin(rig.adminUrl, '/ready')).status, 200)
})

t.test('what is the admin listener\'s is not on the public one, and the other way round (T-134)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  for (const path of ['/live', '/ready', '/startup', '/metrics']) {
    const { status, text } = await rig.newBrowser().fetch(path, { headers: navigation })
    t.equal(status, 302, `${path} is a protected path like any other`)
    t.notMatch(text, /"status":"(live|ready|started)"/)
  }
  await signInTo(rig, ada)
  await open(ada, '/metrics')
  t.equal(rig.upstream.last().target, '/metrics', 'and the app\'s')
  for (const path of ['/oauth2/live', '/oauth2/ready', '/oauth2/metrics', '/oauth2/admin']) t.equal((await open(ada, path)).status, 404)
  for (const path of ['/', '/a', '/public/a', '/oauth2/ping', '/oauth2/userinfo', '/oauth2/sign_in']) t.equal((await admin(rig.adminUrl, path)).status, 404, path)
})
