import t from 'tap'
import { once } from 'node:events'
import { request } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import { Registry } from '@prometheus-io/client'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { beginSignIn, callbackOf, open, signInTo, signOut } from '../login/attempt.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { scrape, valueIn } from './scrape.ts'

t.test('requests are counted by configured route and status class, with how long they and the app took', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  for (const path of ['/a', '/b/c?d=1', '/public/x']) await open(ada, path)
  await open(rig.newBrowser(), '/a')
  await open(ada, '/oauth2/nothing')
  await until(async () => (await scrape(rig.adminUrl)).value('request_duration_seconds_count', { route: 'none' }) === 1)
  const metrics = await scrape(rig.adminUrl)
  t.match(metrics.contentType, /^text\/plain; version=0\.0\.4/)
  t.equal(metrics.value('request_duration_seconds_count', { route: '/', status: '2xx' }), 2)
  t.equal(metrics.value('request_duration_seconds_count', { route: '/', status: '3xx' }), 1)
  t.equal(metrics.value('request_duration_seconds_count', { route: '/public', status: '2xx' }), 1)
  t.equal(metrics.value('request_duration_seconds_count', { route: '/oauth2/callback', status: '3xx' }), 1)
  t.equal(metrics.value('request_duration_seconds_count', { route: 'none', status: '4xx' }), 1)
  t.equal(metrics.value('upstream_duration_seconds_count', { route: '/' }), 2)
  t.ok(metrics.value('request_duration_seconds_sum', { route: '/' }) > 0)
  t.equal(metrics.value('error_answers_total', { code: 'not_found' }), 1)
  t.match(metrics.text, /aihubmix_gateway_build_info\{version="0\.0\.0-test",node="[\d.]+"\} 1/)
})

t.test('no user, path, query, token or address of a client becomes a label, whatever is sent (T-134)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await ada.signIn('user123', '/deep-link-4711')
  for (let index = 0; index < 50; index++) await ada.fetch(`/made-up-${index}`, { method: `M${index}`, headers: { 'x-user-id': `id-${index}`, 'user-agent': `agent-${index}` } }).catch(() => {})
  for (let index = 0; index < 50; index++) await open(ada, `/oauth2/made-up-${index}?error=made-up-${index}`)
  await open(ada, '/oauth2/callback?error=made-up&state=made-up')
  const { text } = await scrape(rig.adminUrl)
  const labels = Array.from(text.matchAll(/="([^"]*)"/g), ([, value]) => value)
  t.ok(labels.length > 100, `${labels.length} labels`)
  t.notMatch(labels.join('\n'), /made-up|deep-link|agent-|id-\d|12345|user123|user@example|127\.0\.0\.1|750/)
  t.ok(text.split('\n').length < 500, `${text.split('\n').length} lines`)
})

t.test('a configuration with very many routes has no more than a hundred in its metrics', async (t) => {
  const metrics = createMetrics('1.2.3')
  for (let index = 0; index < 1_000; index++) metrics.route(`/route-${index}`).answered(200, 1)
  const text = await metrics.registry.metrics()
  const names = new Set(Array.from(text.matchAll(/request_duration_seconds_count\{route="([^"]+)"/g), (match) => match[1]))
  t.equal(names.size, 101)
  t.equal(valueIn(text, 'request_duration_seconds_count', { route: 'other' }), 900)
})

t.test('sign-ins by outcome; sessions opened, and ended by reason', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  await signInTo(rig, ada)
  await signOut(ada)
  await open(rig.newBrowser(), '/oauth2/callback?code=x&state=y')
  const attempt = await beginSignIn(ada)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'authorization_code', args: { code: 500 } })
  await open(ada, callbackOf(rig, attempt))
  const metrics = await scrape(rig.adminUrl)
  t.equal(metrics.value('sign_ins_total', { outcome: 'success' }), 2)
  t.equal(metrics.value('sign_ins_total', { outcome: 'invalid_state' }), 1)
  t.equal(metrics.value('sign_ins_total', { outcome: 'provider_unavailable' }), 1)
  t.equal(metrics.value('sessions_opened_total'), 2)
  t.equal(metrics.value('sessions_ended_total', { reason: 'replaced' }), 1)
  t.equal(metrics.value('sessions_ended_total', { reason: 'sign_out' }), 1)
  t.equal(metrics.value('provider_duration_seconds_count', { call: 'authorization_code', outcome: 'answered' }), 2)
  t.equal(metrics.value('provider_duration_seconds_count', { call: 'authorization_code', outcome: 'failed' }), 1)
})

t.test('refreshes and userinfo reads by outcome, and how long requests waited for them', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('3h')
  await open(ada, '/a')
  rig.emulator.clock.advance('3h')
  rig.emulator.faults.set({ kind: 'status', endpoint: 'refresh_token', args: { code: 500 }, count: 1 })
  t.equal((await open(ada, '/a')).status, 503)
  rig.emulator.clock.advance('1h')
  rig.emulator.faults.set({ kind: 'status', endpoint: 'refresh_token', args: { code: 400, error: 'invalid_grant' } })
  t.equal((await open(ada, '/a')).status, 302)
  const metrics = await scrape(rig.adminUrl)
  t.equal(metrics.value('token_refreshes_total', { outcome: 'success' }), 1)
  t.equal(metrics.value('token_refreshes_total', { outcome: 'unavailable' }), 1)
  t.equal(metrics.value('token_refreshes_total', { outcome: 'invalid_grant' }), 1)
  t.equal(metrics.value('userinfo_reads_total', { outcome: 'success' }), 2)
  t.equal(metrics.value('renewal_wait_seconds_count'), 3)
  t.equal(metrics.value('sessions_ended_total', { reason: 'invalid_grant' }), 1)
})

t.test('the store: its commands, and whether it answers', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  t.equal((await scrape(rig.adminUrl)).value('store_up'), 1)
  await redis.stop()
  await open(ada, '/a')
  const metrics = await scrape(rig.adminUrl)
  t.equal(metrics.value('store_up'), 0)
  t.equal(metrics.value('store_errors_total', { command: 'read' }), 1)
  t.equal(metrics.value('store_command_duration_seconds_count', { command: 'create' }), 1)
  t.equal(metrics.value('error_answers_total', { code: 'session_store_unavailable' }), 1)
  await until(async () => (await scrape(rig.adminUrl)).value('request_duration_seconds_count', { route: '/', status: '5xx' }) === 1)
  await redis.start()
  await until(async () => (await request(`${rig.adminUrl}/ready`)).statusCode === 200)
  t.equal((await scrape(rig.adminUrl)).value('store_up'), 1)
})

t.test('WebSockets and event streams are counted while they are open', async (t) => {
  const rig = await startRig(t, { upstream: (_request, response) => { response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n') } })
  const sockets = new WebSocketServer({ noServer: true })
  rig.upstream.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, () => {}))
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/public/live`, { headers: { host: 'gw.test' } })
  await once(socket, 'open')
  const stream = await request(`${rig.url}/public/events`, { headers: { host: 'gw.test' } })
  const opened = await scrape(rig.adminUrl)
  t.equal(opened.value('websockets_open'), 1)
  t.equal(opened.value('event_streams_open'), 1)
  socket.terminate()
  stream.body.destroy()
  await until(async () => {
    const now = await scrape(rig.adminUrl)
    return now.value('websockets_open') === 0 && now.value('event_streams_open') === 0
  })
})

t.test('denials by route, and errors of an app by code', async (t) => {
  const rig = await startRig(t, {
    config: { routes: [{ path: '/', upstream: 'http://127.0.0.1:1', access: 'anyone' }, { path: '/closed', upstream: 'http://127.0.0.1:1', access: 'nobody' }] }
  })
  await open(rig.newBrowser(), '/closed/x')
  await open(rig.newBrowser(), '/x')
  const metrics = await scrape(rig.adminUrl)
  t.equal(metrics.value('denials_total', { route: '/closed' }), 1)
  t.equal(metrics.value('upstream_errors_total', { route: '/', code: 'upstream_unreachable' }), 1)
})

t.test('the metrics of several workers add up with the package\'s aggregator, gauges as they should', async (t) => {
  const workers = [createMetrics('1.2.3'), createMetrics('1.2.3')]
  for (const [index, metrics] of workers.entries()) {
    metrics.route('/').answered(200, 10)
    metrics.webSockets(1)
    metrics.storeCommand('read', 1, index === 0)
  }
  const text = await Registry.aggregate(await Promise.all(workers.map(({ registry }) => registry.getMetricsAsJSON()))).metrics()
  t.equal(valueIn(text, 'request_duration_seconds_count', { route: '/' }), 2)
  t.equal(valueIn(text, 'websockets_open'), 2)
  t.equal(valueIn(text, 'store_up'), 0, 'the store is not up for everyone')
  t.equal(valueIn(text, 'build_info'), 1)
})
