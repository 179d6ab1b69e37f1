import { once } from 'node:events'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { createReloadableGateway } from '../../src/reloadable-gateway.ts'
import { openStore } from '../../src/session/open-store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createBrowser, publicUrl } from '../rig/browser.ts'
import { startRedis } from '../rig/redis.ts'
import { app, sessionKey } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { startUpstream } from '../rig/upstream.ts'

/** A gateway that is reloaded with what no file could say: configurations that fail only while a gateway is made of them. */
async function startReloadable (t: Test) {
  const [redis, upstream, emulator] = await Promise.all([startRedis(), startUpstream(), startEmulator({ apps: [app] })])
  const file = `${t.testdir({
    'config.yaml': JSON.stringify({
      server: { publicUrl },
      aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, browserUrl: emulator.url, serverUrl: emulator.url, appUrl: emulator.url },
      session: { keys: [sessionKey], redis: { url: redis.url } },
      routes: [{ upstream: upstream.url, rateLimit: { requests: 1_000, window: '1m' } }]
    })
  })}/config.yaml`
  const { config } = await loadConfig({ file, env: {} })
  const log = createLog('silent')
  const store = openStore(config, log.log)
  const gateway = await createReloadableGateway({ config, store, log, metrics: createMetrics('0.0.0-test'), watchEveryMs: 20, now: emulator.clock.trueNow })
  const url = await gateway.app.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await gateway.close(0)
    await store.close()
    await Promise.all([redis.close(), upstream.close(), emulator.close()])
  })
  return { config, gateway, url, upstream, redis, browser: createBrowser(url) }
}

const nobodyPasses = (config: Config): Config => ({ ...config, identity: { ...config.identity, allow: { ...config.identity.allow, usernames: ['somebody-else'] } } })

/** The test's own, the store's, its feed's and the rate limits'. */
const usualConnections = 4

/** What lets the making of a gateway fail: soon, and when nearly all of it is there. */
const failing: Readonly<Record<string, (config: Config) => Config>> = {
  'a picture that is gone since it was looked at': (config) => ({ ...nobodyPasses(config), pages: { ...config.pages, logoFile: '/nowhere/logo.svg' } }),
  'two endpoints at one address': (config) => ({ ...nobodyPasses(config), aihubmix: { ...config.aihubmix, redirectUri: `${publicUrl}/oauth2/ping` } })
}

for (const [what, broken] of Object.entries(failing)) {
  t.test(`a configuration that fails over ${what} leaves no connection to Redis behind, and its rules end nothing`, async (t) => {
    const { config, gateway, url, upstream, redis, browser: ada } = await startReloadable(t)
    new WebSocketServer({ server: upstream.server }).on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))))
    await ada.signIn()
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { host: 'gw.test', cookie: ada.cookieHeader() } })
    await once(socket, 'open')
    const connections = async (): Promise<number> => String(await redis.client.client('LIST')).trim().split('\n').length
    await until(async () => await connections() === usualConnections)
    for (let time = 0; time < 5; time++) await t.rejects(gateway.reload(broken(config)))
    for (const round of ['one', 'two', 'three']) {
      t.equal((await ada.fetch('/oauth2/userinfo?fresh=1')).status, 200) // the session changes, and all that watch it look
      socket.send(round)
      t.equal(String((await once(socket, 'message'))[0]), round)
    }
    await until(async () => await connections() === usualConnections)

    const closed = once(socket, 'close')
    await gateway.reload(nobodyPasses(config))
    t.equal((await closed)[0], 1008, 'once such rules are in force they end it')
    await until(async () => await connections() === usualConnections)
  })
}
