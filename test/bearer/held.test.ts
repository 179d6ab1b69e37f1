import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import t from 'tap'
import { readRequestTarget } from '../../src/access/request-target.ts'
import { createBearerClients } from '../../src/bearer/bearer-clients.ts'
import { createHeldConnections } from '../../src/bearer/held-connections.ts'
import { GatewayError, InvalidAccessToken } from '../../src/errors.ts'
import type { Rig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { forgedToken, startForPrograms, statusOf, tokenFor } from './programs.ts'

const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Origin: https://gw.test']

interface Open { readonly socket: Socket, text: () => string, isClosed: () => boolean }

async function openWith ({ port }: Rig, target: string, token: string, lines: readonly string[] = []): Promise<Open> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  let isClosed = false
  socket.setEncoding('latin1').on('data', (chunk: string) => { text += chunk }).on('error', () => {}).on('close', () => { isClosed = true })
  await once(socket, 'connect')
  socket.write([`GET ${target} HTTP/1.1`, 'Host: gw.test', `Authorization: Bearer ${token}`, ...lines, '', ''].join('\r\n'))
  return { socket, text: () => text, isClosed: () => isClosed }
}

t.test('a WebSocket and an event stream opened by a token end when the token is found revoked; those of another token go on', async (t) => {
  const rig = await startForPrograms(t, {
    upstream (_request, response) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
    }
  })
  const authorizations: unknown[] = []
  rig.upstream.server.on('upgrade', ({ headers }, socket: Duplex) => {
    authorizations.push(headers.authorization)
    socket.on('error', () => {}).on('end', () => socket.end()).resume()
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  })
  const [token, other] = [await tokenFor(rig), await tokenFor(rig, 'rich')]
  const tunnel = await openWith(rig, '/api/ws', token, handshake)
  const stream = await openWith(rig, '/api/events', token)
  const othersTunnel = await openWith(rig, '/api/ws', other, handshake)
  const othersStream = await openWith(rig, '/api/events', other)
  t.teardown(() => { for (const { socket } of [tunnel, stream, othersTunnel, othersStream]) socket.destroy() })
  await until(() => tunnel.text().includes('101 Switching') && othersTunnel.text().includes('101 Switching') && stream.text().includes('data: 1') && othersStream.text().includes('data: 1'))
  t.strictSame(authorizations, [undefined, undefined], 'the token is ours')
  rig.emulator.grants.revoke('user123')
  rig.emulator.clock.advance('31s')
  t.equal(await statusOf(rig, '/api/a', token), 401)
  await until(() => tunnel.isClosed() && stream.isClosed())
  t.ok(tunnel.text().includes('\x88\x02\x03\xf0'), 'with a close frame, 1008')
  t.notOk(othersTunnel.isClosed() || othersStream.isClosed())
})

/** A program with something open, and nothing but the rounds to look at its token. */
async function holding (answer: () => never) {
  let isAnswering = true
  let clock = 1_700_000_000_000
  let reads = 0
  let isPassing = true
  const held = createHeldConnections()
  const token = forgedToken({ client_id: 'us', exp: clock / 1000 + 3_600 })
  const clients = createBearerClients({
    config: { clientId: 'us', scope: 'profile', budget: { requests: 450, window: 180_000 }, bearerAudience: 'required' },
    aihubmix: {
      async userinfo () {
        reads++
        if (!isAnswering) answer()
        return { id: '1', username: null, email: null, balance: null, status: '1', readAt: clock, userinfo: '{}' }
      }
    },
    stillPasses: () => isPassing,
    held,
    now: () => clock,
    everyMs: 5
  })
  clients.begin()
  const caller = { authorization: `Bearer ${token}`, clientAddress: () => '198.51.100.1' }
  const user = await clients.userOf(caller)
  let ends = 0
  const asked = { host: 'gw.test', method: 'GET', target: readRequestTarget('/api/ws') }
  if (user !== null) clients.hold({ authorization: caller.authorization, user, asked }, { once () {} }, () => { ends++ })
  return { clients, held, ends: () => ends, reads: () => reads, fail: () => { isAnswering = false }, tighten: () => { isPassing = false }, pass: (ms: number) => { clock += ms } }
}

t.test('what a token holds open is looked at though nobody asks, and ended when AIHubMix says no', async (t) => {
  const held = await holding(() => { throw new InvalidAccessToken(new Error('HTTP 401'), true) })
  t.teardown(() => held.clients.stop())
  held.fail()
  held.pass(31_000)
  await until(() => held.ends() === 1)
})

t.test('and when its own time is over, without a question', async (t) => {
  const held = await holding(() => { throw new Error('not asked') })
  t.teardown(() => held.clients.stop())
  held.pass(3_600_000)
  await until(() => held.ends() > 0)
  t.equal(held.reads(), 1)
})

t.test('but not by an outage', async (t) => {
  const held = await holding(() => { throw new GatewayError('provider_unavailable') })
  t.teardown(() => held.clients.stop())
  held.fail()
  held.pass(31_000)
  await until(() => held.reads() > 3)
  t.equal(held.ends(), 0)
})

t.test('the rules of today end it though AIHubMix is away, once, and ask nobody', async (t) => {
  const held = await holding(() => { throw new GatewayError('provider_unavailable') })
  t.teardown(() => held.clients.stop())
  held.fail()
  held.tighten()
  await until(() => held.ends() > 0)
  t.strictSame([held.ends(), held.reads(), held.held.holders().length], [1, 1, 0])
})

t.test('rules of yesterday end nothing: who was replaced does not look any more, nor judge what it was asking about', async (t) => {
  const held = await holding(() => { throw new InvalidAccessToken(new Error('HTTP 401'), true) })
  const caller = { authorization: `Bearer ${held.held.holders()[0]?.token}`, clientAddress: () => '198.51.100.1' }
  held.clients.stop()
  held.tighten()
  held.pass(31_000)
  await held.clients.userOf(caller)
  held.fail()
  held.pass(31_000)
  await t.rejects(held.clients.userOf(caller), { code: 'invalid_token' })
  t.equal(held.ends(), 0)
})

t.test('of what one token holds open, only what meets the condition is ended, and what is gone is told nothing', async (t) => {
  const connections = createHeldConnections()
  const { held } = await holding(() => { throw new Error('not asked') })
  const [holder] = held.holders()
  t.ok(holder)
  const ended: string[] = []
  const closed: (() => void)[] = []
  for (const path of ['/a', '/b', '/c']) {
    if (holder !== undefined) connections.add({ ...holder, asked: { host: 'gw.test', method: 'GET', target: readRequestTarget(path) } }, { once (_event, listener) { closed.push(listener) } }, () => { ended.push(path) })
  }
  closed[2]?.()
  connections.end(holder?.token ?? '', ({ target }) => target.path === '/b')
  t.strictSame(ended, ['/b'])
  connections.end(holder?.token ?? '')
  t.strictSame(ended, ['/b', '/a'])
  t.strictSame(connections.holders(), [])
})
