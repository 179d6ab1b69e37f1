import { once } from 'node:events'
import t from 'tap'
import { startRig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { connections, stubborn } from './held.ts'

t.test('a refused WebSocket keeps no connection, whatever its client still sends or leaves open', async (t) => {
  const rig = await startRig(t)
  const upgrade = 'GET /ws HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
  const [silent, talking] = [await stubborn(rig, upgrade), await stubborn(rig, upgrade)]
  t.after(() => { silent.destroy(); talking.destroy() })
  talking.write('0123456789')
  await until(async () => await connections(rig) === 0)
  t.equal(rig.upstream.seen.length, 0)
})

t.test('what cannot be read keeps no connection either', async (t) => {
  const rig = await startRig(t)
  const socket = await stubborn(rig, 'GET / HTTP/1.1\r\nHost : gw.test\r\n\r\n')
  t.after(() => socket.destroy())
  await until(async () => await connections(rig) === 0)
  t.pass()
})

t.test('an open event stream ends with its session', async (t) => {
  const rig = await startRig(t, {
    upstream: (request, response) => {
      if (request.url !== '/events') response.end()
      else response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    }
  })
  const ada = rig.newBrowser()
  await ada.signIn()
  const stream = await stubborn(rig, `GET /events HTTP/1.1\r\nHost: gw.test\r\nCookie: ${ada.cookieHeader()}\r\n\r\n`)
  await once(stream, 'data')
  const ended = once(stream, 'end')
  await ada.fetch('/oauth2/sign_out', { method: 'POST', headers: { origin: 'https://gw.test' } })
  await ended
  stream.destroy()
  t.pass()
})

t.test('the gateway closes although a WebSocket handshake waits for the app', async (t) => {
  const rig = await startRig(t)
  rig.upstream.server.on('upgrade', (_request, socket) => {
    socket.on('error', () => {}).on('end', () => socket.destroy()).resume()
    rig.upstream.server.emit('asked')
  })
  const ada = rig.newBrowser()
  await ada.signIn()
  const asked = once(rig.upstream.server, 'asked')
  const socket = await stubborn(rig, `GET /ws HTTP/1.1\r\nHost: gw.test\r\nCookie: ${ada.cookieHeader()}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`)
  t.after(() => socket.destroy())
  await asked
  await rig.gateway.close(0)
  t.pass()
})
