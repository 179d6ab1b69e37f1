import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { signOut } from '../login/attempt.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig, type Rig, type RunningGateway } from '../rig/rig.ts'
import { startFaultProxy } from '../rig/fault-proxy.ts'
import { until } from '../rig/until.ts'

const redis = await startRedis()
t.after(() => redis.close())

async function openSocket (rig: Rig, { port }: RunningGateway, cookie: string): Promise<WebSocket> {
  if (rig.upstream.server.listenerCount('upgrade') === 0) acceptWebSockets(rig)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host: 'gw.test', cookie } })
  await once(socket, 'open')
  return socket
}

const acceptWebSockets = ({ upstream: { server } }: Rig): WebSocketServer => new WebSocketServer({ server })
const sessionKeys = async (): Promise<readonly string[]> => await redis.client.keys('*')

t.test('T-124 a sign-out at one replica ends WebSockets and event streams at every other, and nobody else\'s', async (t) => {
  const rig = await startRig(t, {
    replicas: 2,
    redisUrl: redis.url,
    upstream: (request, response) => {
      if (request.url === '/events') response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      else response.end()
    }
  })
  const [first, second] = rig.replicas as [RunningGateway, RunningGateway]
  const [ada, ben] = [rig.newBrowser(), rig.newBrowser()]
  await ada.signIn()
  await ben.signIn('rich')
  const adas = await openSocket(rig, second, ada.cookieHeader())
  const bens = await openSocket(rig, second, ben.cookieHeader())
  const stream = connect(second.port, '127.0.0.1').on('error', () => {})
  stream.write(`GET /events HTTP/1.1\r\nHost: gw.test\r\nCookie: ${ada.cookieHeader()}\r\n\r\n`)
  await once(stream, 'data')
  const closed = Promise.all([once(adas, 'close'), once(stream, 'end')])
  await signOut(ada.via(first.url))
  t.equal((await closed)[0][0], 1008)
  bens.ping('still here')
  t.equal(String((await once(bens, 'pong'))[0]), 'still here')
  bens.terminate()
})

t.test('T-124 a session an operator takes out of Redis ends its WebSockets', async (t) => {
  const rig = await startRig(t, { redisUrl: redis.url })
  await redis.client.flushall()
  const ada = rig.newBrowser()
  await ada.signIn()
  const socket = await openSocket(rig, rig, ada.cookieHeader())
  const closed = once(socket, 'close')
  await redis.client.del(...await sessionKeys())
  t.equal((await closed)[0], 1008)
})

t.test('T-124 what ended while word of it was lost is found when word is back; an outage alone ends nothing', async (t) => {
  const network = await startFaultProxy(redis.port)
  t.after(() => network.close())
  const rig = await startRig(t, { redisUrl: `redis://127.0.0.1:${network.port}/0` })
  await redis.client.flushall()
  const [ada, ben] = [rig.newBrowser(), rig.newBrowser()]
  await ada.signIn()
  const adasKeys = await sessionKeys()
  await ben.signIn('rich')
  const adas = await openSocket(rig, rig, ada.cookieHeader())
  const bens = await openSocket(rig, rig, ben.cookieHeader())
  const closed = once(adas, 'close')
  await network.refuse()
  await until(async () => (await ben.fetch('/a')).status === 503)
  t.equal(adas.readyState, WebSocket.OPEN)
  await redis.client.del(...adasKeys)
  await network.restore()
  t.equal((await closed)[0], 1008)
  bens.ping('still here')
  t.equal(String((await once(bens, 'pong'))[0]), 'still here')
  bens.terminate()
})

t.end() // Redis goes with it
