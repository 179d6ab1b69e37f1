import { once } from 'node:events'
import t from 'tap'
import { request } from 'undici'
import { WebSocket } from 'ws'
import { signOut } from '../login/attempt.ts'
import { startServed } from '../reload/served.ts'
import { get, sendRaw } from '../rig/raw.ts'
import { startRedis } from '../rig/redis.ts'
import { until } from '../rig/until.ts'
import { acceptWebSockets, pidsOf, ready, sections, startWorkers, workerCount } from './started.ts'

const redis = await startRedis()
t.after(() => redis.close())

t.test('every worker serves, and the first process tells what all of them counted', async (t) => {
  const served = await startWorkers(t, { redisUrl: redis.url })
  t.equal((await pidsOf(served)).length, workerCount)
  t.match(await ready(served), { code: 200 })
  for (let sent = 0; sent < 20; sent++) t.equal((await sendRaw(served.port, get('/public/a'))).status, 200)
  const metrics = await served.metrics()
  t.equal(metrics.value('request_duration_seconds_count', { route: '/public' }), 20)
  t.equal(metrics.value('build_info'), 1, 'of what is the same in all there is one')
  t.equal(metrics.value('store_up'), 1)
})

t.test('who signed in at one worker is signed in at every other, and signed out everywhere at once', async (t) => {
  const served = await startWorkers(t, { redisUrl: redis.url })
  acceptWebSockets(served)
  const ada = served.newBrowser()
  await ada.signIn()
  const sockets = await Promise.all(Array.from({ length: 6 }, async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}/ws`, { headers: { host: 'gw.test', cookie: ada.cookieHeader() } })
    await once(socket, 'open')
    return socket
  }))
  const cookie = ada.cookieHeader()
  for (let sent = 0; sent < 10; sent++) t.equal((await sendRaw(served.port, get('/a', [`Cookie: ${cookie}`]))).status, 200)
  const codes = Promise.all(sockets.map(async (socket) => (await once(socket, 'close'))[0]))
  await signOut(ada)
  t.strictSame(await codes, sockets.map(() => 1008), 'the tunnels of the other worker too')
  for (let sent = 0; sent < 10; sent++) t.equal((await sendRaw(served.port, get('/a', [`Cookie: ${cookie}`]))).status, 401)
})

t.test('a worker that dies is replaced, and meanwhile the others serve', async (t) => {
  const served = await startWorkers(t, { redisUrl: redis.url })
  const before = await pidsOf(served)
  process.kill(before[0] ?? 0, 'SIGKILL')
  await served.process.saying(/a worker died; another one is started/)
  t.equal((await sendRaw(served.port, get('/public/a'))).status, 200)
  await until(async () => (await ready(served)).code === 200, 20_000)
  const after = await pidsOf(served)
  t.equal(after.length, workerCount)
  t.notOk(after.includes(before[0] ?? 0))
})

t.test('ready only when every worker is: one that is stopped makes it 503', async (t) => {
  const served = await startWorkers(t, { redisUrl: redis.url })
  const [pid = 0] = await pidsOf(served)
  process.kill(pid, 'SIGSTOP')
  t.match(await ready(served), { code: 503, reason: 'a worker does not answer' })
  process.kill(pid, 'SIGCONT')
  await until(async () => (await ready(served)).code === 200)
  t.pass()
})

t.test('sessions that an operator ends through the first process are counted, once', async (t) => {
  const token = 'the-token-of-the-operators'
  const served = await startServed(t, { over: { ...sections(redis.url), admin: { token } } })
  const ada = served.newBrowser()
  await ada.signIn()
  const { body } = await request(`${served.adminUrl}/sessions?user=12345`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
  t.strictSame(await body.json(), { revoked: 1 })
  await until(async () => (await served.metrics()).value('sessions_ended_total', { reason: 'revoked' }) === 1)
  t.equal((await served.metrics()).value('sessions_opened_total'), 1)
})

t.test('SIGHUP to the first process reaches every worker', async (t) => {
  const served = await startWorkers(t, { redisUrl: redis.url })
  const { pid } = served.process.child
  await served.configure({ ...sections(redis.url), identity: { allow: { ids: ['1'] } } })
  process.kill(pid ?? 0, 'SIGHUP')
  await until(() => served.process.output().split('"audit":"config_reloaded"').length > workerCount)
  const ada = served.newBrowser()
  await ada.signIn()
  for (let sent = 0; sent < 6; sent++) t.equal((await sendRaw(served.port, get('/a', [`Cookie: ${ada.cookieHeader()}`]))).status, 403)
})

t.end() // Redis goes with it
