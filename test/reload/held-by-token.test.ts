import { once } from 'node:events'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import { startForPrograms, tokenFor } from '../bearer/programs.ts'
import { until } from '../rig/until.ts'
import { startServed, type Served } from './served.ts'

type Routes = (upstream: string) => readonly object[]

const routes: Routes = (upstream) => [{ path: '/api', upstream, bearer: true, api: true }, { path: '/team', upstream, bearer: true }]

async function socketOf (t: Test, port: number, token: string, path = '/api/ws') {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { host: 'gw.test', authorization: `Bearer ${token}` } })
  t.after(() => socket.terminate())
  await once(socket, 'open')
  return { socket, closed: once(socket, 'close').then(([code]) => Number(code)) }
}

async function streamOf ({ url }: Served, token: string): Promise<{ readonly ended: Promise<void> }> {
  const { body } = await request(`${url}/api/events`, { headers: { host: 'gw.test', authorization: `Bearer ${token}` } })
  return { ended: new Promise((resolve) => { body.on('error', () => resolve()).on('end', resolve).resume() }) }
}

async function startStreaming (t: Test): Promise<Served> {
  const served = await startServed(t, {
    routes,
    upstream (_request, response) { response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n') }
  })
  const accepting = new WebSocketServer({ server: served.upstream.server })
  t.after(() => accepting.close())
  return served
}

t.test('an allow list that is tightened by a reload ends what a token opened, at once and without a question, and nothing else (T-112, T-124)', async (t) => {
  const served = await startStreaming(t)
  const { url } = served.upstream
  const [adas, richs] = [await tokenFor(served), await tokenFor(served, 'rich')]
  const sockets = { team: await socketOf(t, served.port, adas, '/team/ws'), api: await socketOf(t, served.port, adas), rich: await socketOf(t, served.port, richs, '/team/ws') }
  const stream = await streamOf(served, adas)
  const asked = served.emulator.count('userinfo')

  await served.configure({ routes: [...routes(url).slice(0, 1), { path: '/team', upstream: url, bearer: true, allow: { usernames: ['rich'] } }] })
  t.equal(await sockets.team.closed, 1008, 'the route is for others now')
  await served.reloaded(1)
  t.equal(sockets.api.socket.readyState, WebSocket.OPEN)
  t.equal(served.emulator.count('userinfo'), asked)

  await served.configure({ identity: { allow: { usernames: ['rich'] } } })
  t.equal(await sockets.api.closed, 1008)
  await stream.ended
  await served.reloaded(2)
  t.equal(sockets.rich.socket.readyState, WebSocket.OPEN, 'who is on the list keeps everything')
})

t.test('a route that takes no tokens any more, or is nobody\'s, ends what tokens opened on it; one that is gone ends nothing', async (t) => {
  const served = await startStreaming(t)
  const upstream = served.upstream.url
  const token = await tokenFor(served)
  const open = { api: await socketOf(t, served.port, token), team: await socketOf(t, served.port, token, '/team/ws') }
  await served.configure({ routes: [{ path: '/api', upstream }, { path: '/team', upstream, bearer: true }] })
  t.equal(await open.api.closed, 1008)
  await served.configure({ routes: [{ path: '/other', upstream }] })
  await served.reloaded(2)
  t.equal(open.team.socket.readyState, WebSocket.OPEN)
  await served.configure({ routes: [{ path: '/', upstream }, { path: '/team', access: 'nobody' }] })
  t.equal(await open.team.closed, 1008)
})

t.test('a gateway that is another app\'s now ends what tokens of the app before opened', async (t) => {
  const served = await startStreaming(t)
  const token = await tokenFor(served)
  const { closed } = await socketOf(t, served.port, token)
  await served.configure({ aihubmix: { clientId: 'client_other' } })
  t.equal(await closed, 1008)
})

t.test('at every replica a user who left the allow list at AIHubMix loses what a token opened there, and who is on it keeps it', async (t) => {
  const rig = await startForPrograms(t, { replicas: 2, watchEveryMs: 100 })
  const accepting = new WebSocketServer({ server: rig.upstream.server })
  t.after(() => accepting.close())
  const [token, another] = [await tokenFor(rig, 'rich'), await tokenFor(rig)]
  const open = await Promise.all(rig.replicas.map(async ({ port }) => await socketOf(t, port, token, '/vip/ws')))
  const others = await Promise.all(rig.replicas.map(async ({ port }) => await socketOf(t, port, another)))
  rig.emulator.users.set('rich', { username: 'somebody' })
  rig.emulator.clock.advance('31s')
  t.strictSame(await Promise.all(open.map(({ closed }) => closed)), [1008, 1008])
  await until(() => rig.emulator.count('userinfo') >= 8)
  t.ok(others.every(({ socket }) => socket.readyState === WebSocket.OPEN))
})
