import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createBrowser, publicUrl } from '../rig/browser.ts'
import { startProcess, type TestProcess } from '../rig/process.ts'
import { freePort, startRedis } from '../rig/redis.ts'
import { app, sessionKey } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'
import { firstLifeSeconds, startIndependentServer } from './server.ts'

t.test('against a real OAuth server that detects reuse, two processes spend one refresh token once and nobody is signed out', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const server = await startIndependentServer()
  t.after(() => server.close())
  const gateways = await Promise.all([1, 2].map(() => startGateway(server.url, upstream.url, redis.url)))
  t.after(() => Promise.all(gateways.map(({ process }) => process.end())))
  const urls = gateways.map(({ url }) => url)

  const ada = createBrowser(urls[0] ?? '')
  const landed = await ada.open('/deep/link?x=1')
  const signedInAt = Date.now()
  t.equal(landed.status, 200)
  t.equal(upstream.last().target, '/deep/link?x=1')
  t.strictSame(upstream.valuesOf('X-User-Id'), ['12345'])
  t.equal(server.granted('authorization_code'), 1)

  // The access token has run out: no request can do without the renewal, and all of them come at once.
  await delay(signedInAt + firstLifeSeconds * 1000 - Date.now())
  const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => ada.via(urls[index % 2] ?? '').fetch(`/burst/${index}`)))
  t.strictSame(answers.map(({ status }) => status).filter((status) => status !== 200), [], '200 of 200 requests are answered 200')
  t.equal(server.granted('refresh_token'), 1, 'one refresh')
  t.equal(server.revocations(), 0, 'no reuse was detected')

  t.equal((await ada.via(urls[1] ?? '').fetch('/afterwards')).status, 200)
  t.equal(server.granted('authorization_code'), 1, 'nobody had to sign in again')
})

async function startGateway (serverUrl: string, upstreamUrl: string, redisUrl: string): Promise<{ readonly url: string, readonly process: TestProcess }> {
  const [port, adminPort] = await Promise.all([freePort(), freePort()])
  const process = startProcess(['serve'], {
    GATEWAY_SERVER_LISTEN: `127.0.0.1:${port}`,
    GATEWAY_SERVER_PUBLIC_URL: publicUrl,
    GATEWAY_SERVER_DRAIN_DELAY: '0s',
    GATEWAY_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    GATEWAY_AIHUBMIX_CLIENT_ID: app.clientId,
    GATEWAY_AIHUBMIX_CLIENT_SECRET: app.clientSecret,
    GATEWAY_AIHUBMIX_BROWSER_URL: serverUrl,
    GATEWAY_AIHUBMIX_SERVER_URL: serverUrl,
    GATEWAY_SESSION_KEYS: sessionKey,
    GATEWAY_SESSION_REDIS_URL: redisUrl,
    GATEWAY_UPSTREAM: upstreamUrl
  })
  await process.saying(/"msg":"ready/)
  return { url: `http://127.0.0.1:${port}`, process }
}
