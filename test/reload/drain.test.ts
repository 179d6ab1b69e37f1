import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { request, type Dispatcher } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import { get, sendRaw } from '../rig/raw.ts'
import { until } from '../rig/until.ts'
import { startServed, type Served } from './served.ts'

const headers = { host: 'gw.test' }

const ready = async ({ adminUrl }: Served): Promise<number> => {
  const { statusCode, body } = await request(`${adminUrl}/ready`)
  await body.dump()
  return statusCode
}

/** Whether the port takes connections. */
const isListening = (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) }).on('error', () => resolve(false))
})

/** The exit code, without another signal. */
async function exitOf ({ process: { child } }: Served): Promise<number | null> {
  await until(() => child.exitCode !== null || child.signalCode !== null, 20_000)
  return child.exitCode
}

async function startDraining (t: Parameters<typeof startServed>[0], delay: string, options: Parameters<typeof startServed>[1] = {}): Promise<Served> {
  const served = await startServed(t, { ...options, over: { server: { drain: { delay, timeout: '20s' } } } })
  return served
}

t.test('SIGTERM: not ready at once, and yet every request is served, each asking for a new connection; a second signal ends the wait (T-141)', async (t) => {
  const served = await startDraining(t, '60s')
  t.equal(await ready(served), 200)
  const before = await request(`${served.url}/public/a`, { headers })
  t.not(before.headers['connection'], 'close')
  await before.body.dump()
  served.process.child.kill('SIGTERM')
  await until(async () => await ready(served) === 503)
  t.equal((await request(`${served.adminUrl}/live`)).statusCode, 200, 'nobody should restart it')
  for (const path of ['/public/a', '/oauth2/ping', '/oauth2/nothing']) {
    const { headers: answered, body } = await request(`${served.url}${path}`, { headers })
    t.equal(answered['connection'], 'close', path)
    await body.dump()
  }
  t.equal(await served.process.end('SIGTERM'), 0)
})

t.test('what runs is finished: a slow answer and a slow upload arrive whole, and then the process ends with 0 (T-141)', async (t) => {
  let answer = (): void => {}
  const served = await startDraining(t, '0s', {
    upstream (request, response) {
      if (request.url !== '/public/slow') return response.end('quick')
      response.write('begun ')
      answer = () => response.end('and done')
    }
  })
  const slow = await request(`${served.url}/public/slow`, { headers })
  served.process.child.kill('SIGTERM')
  await until(async () => !await isListening(served.port))
  t.equal(served.process.child.exitCode, null, 'it waits')
  answer()
  t.equal(await slow.body.text(), 'begun and done')
  t.equal(await exitOf(served), 0)
})

t.test('WebSockets are told to come back (1012), event streams end, and neither holds the process (T-141, T-124)', async (t) => {
  const served = await startDraining(t, '0s', { upstream: (_request, response) => { response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n') } })
  const sockets = new WebSocketServer({ noServer: true })
  served.upstream.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, () => {}))
  const ada = served.newBrowser()
  const events: Dispatcher.ResponseData = await request(`${served.url}/public/events`, { headers })
  const ended = events.body.dump({ limit: 1e6 }).catch(() => 'cut')
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}/public/live`, { headers: { ...headers, cookie: ada.cookieHeader() } })
  await once(socket, 'open')
  const closed = once(socket, 'close')
  served.process.child.kill('SIGTERM')
  const [code] = await closed
  t.equal(code, 1012)
  events.body.destroy()
  await ended
  t.equal(await exitOf(served), 0)
})

t.test('what does not end within the time is cut, and the exit is 0 all the same (T-141)', async (t) => {
  const served = await startServed(t, { over: { server: { drain: { delay: '0s', timeout: '300ms' } } }, upstream (_request, response) { response.write('for ever') } })
  const answer = sendRaw(served.port, get('/public/a'))
  await until(() => served.upstream.seen.length === 1)
  t.equal(await served.process.end('SIGTERM'), 0)
  t.notMatch((await answer).text, /0\r\n\r\n$/, 'never a clean end')
})

for (const [delay, skips] of [['0s', 0], ['10m', 1]] as const) {
  t.test(`with a delay of ${delay}: a further signal while it closes cuts what still runs, and the process ends in good order, its log whole`, async (t) => {
    const served = await startServed(t, { over: { server: { drain: { delay, timeout: '10m' } } }, upstream (_request, response) { response.write('for ever') } })
    const { child, output } = served.process
    const answer = sendRaw(served.port, get('/public/for-ever'))
    await until(() => served.upstream.seen.length === 1)
    child.kill('SIGTERM')
    if (skips > 0) {
      await until(async () => await ready(served) === 503)
      child.kill('SIGTERM')
    }
    await until(async () => !await isListening(served.port))
    t.equal(child.exitCode, null, 'it waits')
    child.kill('SIGINT')
    child.kill('SIGTERM') // and one too many
    t.equal(await exitOf(served), 0)
    t.notMatch((await answer).text, /0\r\n\r\n$/, 'never a clean end')
    await until(() => /"path":"\/public\/for-ever".*"isCut":true/.test(output()) && output().includes('"msg":"stopped"'))
  })
}

t.test('a reload during the drain changes nothing', async (t) => {
  const served = await startDraining(t, '60s')
  served.process.child.kill('SIGTERM')
  await until(async () => await ready(served) === 503)
  served.process.child.kill('SIGHUP')
  await served.configure({ routes: [{ path: '/', upstream: served.upstream.url, access: 'nobody' }] })
  const { statusCode, body } = await request(`${served.url}/public/a`, { headers })
  await body.dump()
  t.equal(statusCode, 200)
  t.equal(await ready(served), 503)
  t.equal(await served.process.end('SIGTERM'), 0)
})
