import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { attackOn, bodyOf, startRawUpstream } from './attack.ts'

/** Where connections are never answered, neither by an acceptance nor by a refusal: its queue of them is full, and nobody takes one. */
async function startBlackHole (t: Test): Promise<string> {
  const script = `
    const server = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      process.stdout.write(String(server.address().port), () => process.kill(process.pid, 'SIGSTOP'))
    })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(child.stdout, 'data')
  const waiting: Socket[] = []
  t.after(() => {
    for (const socket of waiting) socket.destroy()
    child.kill('SIGKILL')
  })
  while (await connects(Number(port), waiting)) { /* until the queue is full */ }
  return `http://127.0.0.1:${port}`
}

/** Whether the system took one more connection; it does so at once, or not for a second at least (RFC 6298 §2). */
async function connects (port: number, waiting: Socket[]): Promise<boolean> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  waiting.push(socket)
  return await new Promise((resolve) => {
    // A busy machine can be late with both: what it has heard by then counts.
    const timer = setTimeout(() => setImmediate(() => resolve(!socket.connecting)), 500)
    socket.once('connect', () => { clearTimeout(timer); resolve(true) })
  })
}

t.test('T-148 an app whose machine takes no connection is a 504 after timeouts.connect, and nobody waits for other timeouts', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ path: '/', upstream: await startBlackHole(t), access: 'anyone', timeouts: { connect: '200ms', headers: '1h' } }] } })
  const { status, text } = await attackOn(rig)(get('/a'))
  t.equal(status, 504)
  t.match(bodyOf(text), /"error":"upstream_timeout"/)
  t.match(rig.logged(), /UND_ERR_CONNECT_TIMEOUT/, 'the log knows which')
  t.match(rig.logged(), /timeout: 200ms/, 'the route\'s own')
  t.equal((await rig.newBrowser().fetch('/oauth2/ping')).status, 200, 'the gateway lives')
})

/** Sends a byte now and then until the connection ends; `dripped` counts them. */
function drip (socket: Socket, byte: string, everyMs: number, counter: { dripped: number }): void {
  const timer = setInterval(() => { counter.dripped++; socket.write(byte) }, everyMs)
  socket.once('close', () => clearInterval(timer))
}

t.test('T-148 a head that drips is a 504 after timeouts.headers, however many bytes of it come in time', async (t) => {
  const counter = { dripped: 0 }
  let isClosed = Promise.resolve()
  const app = await startRawUpstream(t, (socket) => {
    isClosed = new Promise((resolve) => { socket.once('close', () => resolve()) })
    socket.write('HTTP/1.1 200 OK\r\nX-A: ')
    drip(socket, 'x', 50, counter)
  })
  const rig = await startRig(t, { config: { routes: [{ path: '/', upstream: app.url, access: 'anyone', timeouts: { headers: '1s' } }] } })
  const { status, text } = await attackOn(rig)(get('/a'))
  t.equal(status, 504)
  t.match(bodyOf(text), /"error":"upstream_timeout"/)
  t.ok(counter.dripped > 1, 'it was dripping')
  await isClosed // the app is let go
  t.equal(app.requests.length, 1, 'and is not asked again')
})

t.test('T-148 a body that falls silent is cut after timeouts.body: never a clean end', async (t) => {
  let isClosed = Promise.resolve()
  const app = await startRawUpstream(t, (socket) => {
    isClosed = new Promise((resolve) => { socket.once('close', () => resolve()) })
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
  })
  const rig = await startRig(t, { config: { routes: [{ path: '/', upstream: app.url, access: 'anyone', timeouts: { body: '200ms' } }] } })
  const { status, text } = await attackOn(rig)(get('/a'))
  t.equal(status, 200, 'it had begun')
  t.match(text, 'half')
  t.notMatch(text, /\r\n0\r\n\r\n$/, 'no last chunk')
  t.notMatch(text, /HTTP\/1\.1 504/, 'and no second answer within the first')
  await isClosed
})

t.test('T-148 a body that drips is passed on as long as it does: timeouts.body counts the silence', async (t) => {
  const app = await startRawUpstream(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n')
    let left = 30
    const timer = setInterval(() => {
      if (left-- > 0) socket.write('x')
      else clearInterval(timer)
    }, 100)
    socket.once('close', () => clearInterval(timer))
  })
  const rig = await startRig(t, { config: { routes: [{ path: '/', upstream: app.url, access: 'anyone', timeouts: { body: '2s' } }] } })
  const { status, text } = await attackOn(rig)(get('/a'))
  t.equal(status, 200)
  t.equal(bodyOf(text), 'x'.repeat(30), 'longer in all than the timeout')
})
