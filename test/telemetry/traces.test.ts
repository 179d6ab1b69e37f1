import t from 'tap'
import { open, signInTo, callbackOf, beginSignIn, navigation } from '../login/attempt.ts'
import { startFaultProxy } from '../rig/fault-proxy.ts'
import { startRedis } from '../rig/redis.ts'
import { sessionKey, startRig, type Rig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { createExportWatch } from '../../src/telemetry/export-watch.ts'
import { startServed } from '../reload/served.ts'
import { startOtlpReceiver } from './otlp-receiver.ts'

const pattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
const theirs = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

const partsOf = (traceparent: string | undefined) => {
  const [, traceId = '', spanId = '', flags = ''] = pattern.exec(traceparent ?? '') ?? []
  return { traceId, spanId, flags }
}

const lastCall = (rig: Pick<Rig, 'emulator'>, path: string) => rig.emulator.requests.findLast((request) => request.path === path)

t.test('every call belongs to a trace: the app and AIHubMix are told the same one, and the log names it', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const attempt = await beginSignIn(ada)
  await ada.fetch(callbackOf(rig, attempt), { headers: navigation })
  const [code, userinfo] = ['/api/oauth2/token', '/api/oauth2/userinfo'].map((path) => partsOf(lastCall(rig, path)?.headers['traceparent']))
  t.match(code?.traceId, /^[0-9a-f]{32}$/)
  t.equal(code?.traceId, userinfo?.traceId, 'both calls of a sign-in are of its trace')
  t.equal(code?.flags, '00', 'not sampled: nobody exports it')
  await until(() => rig.logged().includes(`"id":"${code?.traceId}"`))
  await open(ada, '/a')
  const { traceId } = partsOf(rig.upstream.valuesOf('traceparent')[0])
  t.strictSame(rig.upstream.valuesOf('X-Request-Id'), [traceId], 'one string finds the request in the log and its trace')
  t.not(traceId, code?.traceId)
})

t.test('a renewal is of the trace of the request that began it', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('3h')
  await open(ada, '/a')
  t.equal(partsOf(lastCall(rig, '/api/oauth2/token')?.headers['traceparent']).traceId, partsOf(rig.upstream.valuesOf('traceparent')[0]).traceId)
})

t.test('a trace is joined when a trusted proxy says so, and its state is passed on', async (t) => {
  const rig = await startRig(t, { config: { server: { trustedProxies: ['127.0.0.1'] } } })
  const ada = rig.newBrowser()
  const attempt = await beginSignIn(ada)
  const headers = { traceparent: theirs, tracestate: 'vendor=opaque' }
  await ada.fetch(callbackOf(rig, attempt), { headers: { ...navigation, ...headers } })
  t.equal(lastCall(rig, '/api/oauth2/token')?.headers['traceparent'], theirs)
  t.equal(lastCall(rig, '/api/oauth2/token')?.headers['tracestate'], 'vendor=opaque')
  await ada.fetch('/a', { headers })
  t.strictSame(rig.upstream.valuesOf('traceparent'), [theirs], 'once, and as it came')
  t.strictSame(rig.upstream.valuesOf('tracestate'), ['vendor=opaque'])
  await until(() => rig.logged().includes('"trace":"4bf92f3577b34da6a3ce929d0e0e4736"'))
})

for (const [what, traceparent] of Object.entries({
  'of all zeros': '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
  'with a span of all zeros': '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
  'in capitals': theirs.toUpperCase(),
  twice: `${theirs}, ${theirs}`,
  'of another version': theirs.replace(/^00/, 'ff'),
  'that is too short': theirs.slice(0, -1)
})) {
  t.test(`a traceparent ${what} is as good as none, and takes its tracestate with it`, async (t) => {
    const rig = await startRig(t, { config: { server: { trustedProxies: ['127.0.0.1'] } } })
    await rig.newBrowser().fetch('/public/a', { headers: { traceparent, tracestate: 'vendor=opaque' } })
    const [sent, ...more] = rig.upstream.valuesOf('traceparent')
    t.match(sent, pattern)
    t.notMatch(sent, '4bf92f3577b34da6a3ce929d0e0e4736')
    t.strictSame(more, [])
    t.strictSame(rig.upstream.valuesOf('tracestate'), [])
  })
}

t.test('a stranger joins no trace', async (t) => {
  const rig = await startRig(t)
  await rig.newBrowser().fetch('/public/a', { headers: { traceparent: theirs, tracestate: 'vendor=opaque' } })
  t.not(rig.upstream.valuesOf('traceparent')[0], theirs)
  t.strictSame(rig.upstream.valuesOf('tracestate'), [])
})

t.test('OTEL_EXPORTER_OTLP_ENDPOINT exports spans of requests and calls; who is called is told of exactly the span that is exported', async (t) => {
  const receiver = await startOtlpReceiver(t)
  const served = await startServed(t, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '50', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test', OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=ours' } })
  const ada = served.newBrowser()
  await ada.signIn('user123', '/deep?token=a-token-of-the-app-0815')
  await served.upstream.close()
  await ada.fetch('/gone', { headers: { authorization: 'Bearer a-bearer-token-0815' } })
  const span = (name: string) => receiver.spans.find((span) => span.name === name)
  await until(() => receiver.spans.some(({ name, status }) => name === 'GET /' && status.code === 2), 20_000)

  const callback = span('GET /oauth2/callback')
  const code = span('AIHubMix authorization_code')
  t.equal(code?.traceId, callback?.traceId)
  t.equal(code?.parentSpanId, callback?.spanId)
  t.equal(callback?.kind, 2, 'a server')
  t.equal(code?.kind, 3, 'a client')
  t.strictSame(partsOf(lastCall(served, '/api/oauth2/token')?.headers['traceparent']), { traceId: code?.traceId, spanId: code?.spanId, flags: '01' })
  t.equal(partsOf(lastCall(served, '/api/oauth2/userinfo')?.headers['traceparent']).spanId, span('AIHubMix userinfo')?.spanId)

  const proxied = receiver.spans.find(({ name, status }) => name === 'proxy /' && status.code !== 2)
  t.strictSame(partsOf(served.upstream.valuesOf('traceparent')[0]), { traceId: proxied?.traceId, spanId: proxied?.spanId, flags: '01' })
  t.ok(receiver.spans.some(({ name, spanId }) => name === 'GET /' && spanId === proxied?.parentSpanId))
  t.match(span('GET /oauth2/callback')?.attributes, [{ key: 'http.request.method', value: { stringValue: 'GET' } }])
  t.match(receiver.spans.find(({ name, status }) => name === 'GET /' && status.code === 2)?.attributes.find(({ key }) => key === 'error.type'), { value: { stringValue: 'upstream_unreachable' } })
  t.match(Object.fromEntries((receiver.resources[0] ?? []).map(({ key, value }) => [key, value['stringValue']])), { 'service.name': 'aihubmix-gateway', 'deployment.environment.name': 'test' })
  t.match(receiver.received(), '"x-tenant":"ours"')

  const secrets = [ada.cookieHeader().split('=').slice(1).join('='), 'a-bearer-token-0815', 'a-token-of-the-app-0815', '12345', 'user123', 'secret_of_the_rig_client', lastCall(served, '/api/oauth2/token')?.body['code'] ?? 'none']
  for (const secret of secrets) t.notOk(receiver.received().includes(secret), `nothing exported holds ${secret.slice(0, 6)}…`)
})

t.test('commands to Redis are spans beneath the request they are for, and name nothing but the command', async (t) => {
  const [receiver, redis] = [await startOtlpReceiver(t), await startRedis()]
  t.after(() => redis.close())
  const served = await startServed(t, {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '50' },
    over: { session: { keys: [sessionKey], redis: { url: redis.url } } }
  })
  const ada = served.newBrowser()
  await ada.signIn()
  await redis.stop()
  await until(async () => (await open(ada, '/a')).status === 503) // the word of it may still be on its way to the process
  const span = (name: string) => receiver.spans.find((span) => span.name === name)
  const failedRead = () => receiver.spans.find(({ name, status }) => name === 'store read' && status.code === 2)
  await until(() => receiver.spans.some(({ spanId }) => spanId === failedRead()?.parentSpanId), 20_000)

  const [callback, create] = [span('GET /oauth2/callback'), span('store create')]
  t.strictSame([create?.traceId, create?.parentSpanId, create?.kind], [callback?.traceId, callback?.spanId, 3])
  const failed = failedRead()
  const request = receiver.spans.find(({ spanId }) => spanId === failed?.parentSpanId)
  t.match(request?.attributes.find(({ key }) => key === 'http.response.status_code'), { value: { intValue: 503 } })
  t.match(Object.fromEntries(failed?.attributes.map(({ key, value }) => [key, value['stringValue']]) ?? []), { 'db.operation.name': 'read', 'error.type': 'session_store_unavailable' })
  t.notMatch(receiver.received(), /session:|127\.0\.0\.1:\d+\/0/)
  t.notOk(receiver.received().includes(ada.cookieHeader().split('=').slice(1).join('=')))
})

t.test('a collector that is away costs no request, and the gateway stops all the same', async (t) => {
  const served = await startServed(t, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_EXPORTER_OTLP_TIMEOUT: '500' } })
  for (let index = 0; index < 20; index++) t.equal((await open(served.newBrowser(), '/public/a')).status, 200)
  t.equal(await served.process.end(), 0)
})

t.test('a collector that takes no spans is said in the log once, counted each time, and said again when it is back', async (t) => {
  const receiver = await startOtlpReceiver(t)
  const collector = await startFaultProxy(Number(new URL(receiver.url).port))
  t.after(() => collector.close())
  await collector.refuse()
  const served = await startServed(t, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`, OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_EXPORTER_OTLP_TIMEOUT: '100' } })
  const exports = async (outcome: string): Promise<number> => (await served.metrics()).value('trace_exports_total', { outcome })
  const asking = async (): Promise<unknown> => await open(served.newBrowser(), '/public/a')
  await until(async () => { await asking(); return await exports('failed') >= 3 }, 30_000)
  const lines = (pattern: RegExp): readonly string[] => served.process.output().split('\n').filter((line) => pattern.test(line))
  await until(() => lines(/"level":"warn".*traces are not taken/).length > 0)
  t.equal(lines(/traces are not taken/).length, 1)
  t.match(lines(/traces are not taken/)[0], /ECONNREFUSED/)
  t.equal(await exports('success'), 0)
  await collector.restore()
  await until(async () => { await asking(); return await exports('success') >= 2 }, 30_000)
  await until(() => lines(/"level":"info".*"lostBatches":\d+.*traces are taken again/).length === 1)
  t.ok(receiver.spans.length > 0)
})

t.test('however often a collector comes and goes, one line a minute is written at most, and none is about what nobody was told', async (t) => {
  let nowMs = 0
  const lines: string[] = []
  const outcomes: string[] = []
  const tell = (_details: object, message: string): void => { lines.push(message.slice(0, 20)) }
  const onExport = createExportWatch({ log: { info: tell, warn: tell }, count: (outcome) => { outcomes.push(outcome) }, clock: () => nowMs })
  const lost = new Error('lost')
  for (nowMs = 0; nowMs < 60_000; nowMs += 1_000) onExport(nowMs % 2_000 === 0 ? lost : null)
  t.strictSame(lines, ['traces are not taken', 'traces are taken aga'])
  t.equal(outcomes.filter((outcome) => outcome === 'failed').length, 30)
  onExport(lost)
  onExport(lost)
  t.equal(lines.length, 3)
  onExport(null)
  onExport(null)
  t.equal(lines.length, 4)
})

t.test('OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER=none turn it off', async (t) => {
  const receiver = await startOtlpReceiver(t)
  for (const off of [{ OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }]) {
    const served = await startServed(t, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '10', ...off } })
    await open(served.newBrowser(), '/public/a')
    t.equal(partsOf(served.upstream.valuesOf('traceparent')[0]).flags, '00')
    t.equal(await served.process.end(), 0)
  }
  t.equal(receiver.received(), '')
})
