import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createHostsExchange } from '../../src/aihubmix/hosts.ts'
import { ConnectionFailed } from '../../src/aihubmix/connection.ts'
import { freePort } from '../rig/redis.ts'
import { callsOf, clientOf, failureOf, goodTokens, goodUserinfo, startFake } from './fake.ts'

const everything = { ...goodTokens, ...goodUserinfo, topup_url: 'https://aihubmix.com/topup' }

/** A server below HTTP: what arrived, and how each connection is treated. */
async function startRaw (t: Test, treat: (socket: Socket, received: () => string) => void) {
  const connections: string[] = []
  const server = createServer((socket) => {
    const index = connections.push('') - 1
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      connections[index] += chunk.toString('latin1')
      treat(socket, () => connections[index] ?? '')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, connections }
}

t.test('where no connection comes about the next host is called: refused, unknown name, reset in the TLS handshake (F-03)', async (t) => {
  const standIn = await startFake(t)
  standIn.answerWith(everything)
  const resetting = await startRaw(t, (socket) => socket.resetAndDestroy())
  for (const dead of [`http://127.0.0.1:${await freePort()}`, 'http://aihubmix.invalid', `https://127.0.0.1:${resetting.port}`]) {
    const client = clientOf(dead, { aihubmix: { serverFallbackUrls: [standIn.url], timeout: 10_000 } })
    for (const [name, call] of Object.entries(callsOf(client))) await t.resolves(call(), `${name} instead of ${dead}`)
  }
  t.equal(standIn.seen.length, 12, 'each call was sent once')
  t.ok(resetting.connections.length > 0)
})

for (const [how, treat] of [
  ['resets it', (socket) => socket.resetAndDestroy()],
  ['closes it', (socket) => socket.end()],
  ['answers half', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"access')],
  ['answers nonsense', (socket) => socket.end('nonsense\r\n\r\n')]
] as const satisfies readonly (readonly [string, (socket: Socket) => void])[]) {
  t.test(`a host that has got the request and then ${how}: nothing is sent again, here or elsewhere (F-03)`, async (t) => {
    const raw = await startRaw(t, (socket, received) => { if (received().includes('\r\n\r\n')) treat(socket) })
    const standIn = await startFake(t)
    standIn.answerWith(everything)
    const client = clientOf(`http://127.0.0.1:${raw.port}`, { aihubmix: { serverFallbackUrls: [standIn.url], timeout: 5_000 } })
    for (const call of Object.values(callsOf(client))) t.match((await failureOf(t, call)).name, /^AuthorizationServer/)
    const requests = raw.connections.filter((text) => text.includes('HTTP/1.1'))
    t.equal(requests.length, 4, 'each call arrived once')
    t.equal(requests.filter((text) => text.startsWith('POST')).length, 2)
    t.same(standIn.seen, [])
  })
}

t.test('a host that says nothing at all after the request is not given up for another (F-03)', async (t) => {
  const raw = await startRaw(t, () => {})
  const standIn = await startFake(t)
  standIn.answerWith(everything)
  const client = clientOf(`http://127.0.0.1:${raw.port}`, { aihubmix: { serverFallbackUrls: [standIn.url], timeout: 300 } })
  await Promise.all(Object.values(callsOf(client)).map((call) => failureOf(t, call)))
  t.equal(raw.connections.filter((text) => text !== '').length, 4, 'each was sent once')
  t.same(standIn.seen, [])
})

t.test('every address of a name is tried before the name is given up', async (t) => {
  const fake = await startFake(t) // on 127.0.0.1 alone; localhost may be ::1 first
  fake.answerWith(everything)
  for (const call of Object.values(callsOf(clientOf(fake.url.replace('127.0.0.1', 'localhost'))))) await t.resolves(call())
})

t.test('the host that served is kept to; after ten minutes the first is tried again (F-03)', async (t) => {
  let now = 0
  const dead = new Set(['https://main'])
  const asked: string[] = []
  const moved: string[] = []
  const exchange = createHostsExchange({
    hosts: ['https://main', 'https://second', 'https://third'],
    now: () => now,
    onMoved: (host) => { moved.push(host) },
    async exchange (url) {
      asked.push(url)
      if (dead.has(new URL(url).origin)) throw new ConnectionFailed(new Error('refused'))
      return { status: 200, retryAfterSeconds: null, text: '{}' }
    }
  })
  const call = async () => { asked.length = 0; await exchange('/x', {}); return [...asked] }
  now = 1_000_000
  t.same(await call(), ['https://main/x', 'https://second/x'])
  t.same(await call(), ['https://second/x'])
  dead.add('https://second')
  t.same(await call(), ['https://second/x', 'https://main/x', 'https://third/x'])
  now += 599_000
  t.same(await call(), ['https://third/x'])
  now += 1_000
  dead.clear()
  t.same(await call(), ['https://main/x'], 'ten minutes later')
  t.same(moved, ['https://second', 'https://third', 'https://main'])
  dead.add('https://main').add('https://second').add('https://third')
  await t.rejects(exchange('/x', {}), { name: 'ConnectionFailed' })
})
