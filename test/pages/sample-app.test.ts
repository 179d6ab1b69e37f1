import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { startSampleApp } from '../../src/demo/sample-app.ts'

const ada = { 'x-user-id': '42', 'x-user-email': 'ada%2Blovelace@example.com', 'x-user-balance': '750.00', 'x-forwarded-host': 'app.example.com' }

async function sampleApp (t: Test): Promise<string> {
  const app = await startSampleApp({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  return app.url
}

async function pageAt (url: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  return await (await fetch(url, { headers })).text()
}

t.test('the page shows who you are, decoded, and every header as it came', async (t) => {
  const page = await pageAt(await sampleApp(t), ada)
  t.match(page, '<dd id="user-id">42</dd>')
  t.match(page, '<dd id="email">ada+lovelace@example.com</dd>')
  t.match(page, '<p id="balance">750.00</p>')
  t.match(page, '<td>ada%2Blovelace@example.com</td>')
  t.match(page, /<th scope="row">x-forwarded-host<\/th><td>app\.example\.com<\/td>/i)
})

t.test('what the gateway does not say is unknown, not zero', async (t) => {
  const page = await pageAt(await sampleApp(t))
  for (const told of ['id="user-id">unknown<', 'id="email">unknown<', 'id="balance" class="unknown">unknown<']) t.match(page, told)
})

t.test('headers and path are shown as text, whatever they hold', async (t) => {
  const hostile = '<script>alert(1)</script>"><img>'
  const encoded = encodeURIComponent(hostile)
  const page = await pageAt(`${await sampleApp(t)}/a'b?x=${encoded}`, { 'x-user-id': hostile, 'x-user-email': encoded, 'x-user-balance': '%E0%A4%A', 'x-forwarded-host': hostile })
  t.equal(page.split('<script').length, 2, 'only its own script')
  t.notMatch(page, '<img')
  t.match(page, '>%E0%A4%A</p>', 'a broken encoding is shown as it came')
})

t.test('a header that came twice is listed twice', async (t) => {
  const { port } = new URL(await sampleApp(t))
  const socket = connect(Number(port), '127.0.0.1')
  socket.end('GET / HTTP/1.1\r\nHost: a\r\nX-User-Id: 1\r\nx-user-id: 2\r\nConnection: close\r\n\r\n')
  const page = (await socket.toArray()).join('')
  t.match(page, '<th scope="row">X-User-Id</th><td>1</td>')
  t.match(page, '<th scope="row">x-user-id</th><td>2</td>')
})

t.test('a deep link answers with the path asked for', async (t) => {
  t.match(await pageAt(`${await sampleApp(t)}/reports/42?x=1&y=2`), '<span id="path">/reports/42?x=1&amp;y=2</span>')
})

t.test('the page allows no inline script, and its script and style are files of its own', async (t) => {
  const url = await sampleApp(t)
  const answer = await fetch(url)
  t.match(answer.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'; style-src 'self';/)
  t.notMatch(await answer.text(), /<style|\sstyle=|\son[a-z]+="|https?:\/\/(?!127)/)
  for (const [path, type] of [['/app.js', 'text/javascript'], ['/app.css', 'text/css'], ['/health', 'text/plain']]) {
    const file = await fetch(`${url}${path}`)
    t.equal(file.status, 200)
    t.equal(file.headers.get('content-type'), `${type}; charset=utf-8`)
  }
})

t.test('every part that a browser test looks for has its id', async (t) => {
  const page = await pageAt(await sampleApp(t))
  for (const id of ['user-id', 'email', 'balance', 'path', 'sse', 'ws', 'refresh', 'topup', 'sign-out']) t.equal(page.split(`id="${id}"`).length, 2, id)
})

t.test('events carry the time, one after the other', async (t) => {
  const answer = await fetch(`${await sampleApp(t)}/events`)
  t.equal(answer.headers.get('content-type'), 'text/event-stream')
  const times: string[] = []
  for await (const chunk of answer.body ?? []) {
    times.push(...[...Buffer.from(chunk).toString().matchAll(/^data: (.+)$/gm)].map(([, time = '']) => time))
    if (times.length >= 2) break
  }
  t.ok(Date.parse(times[1] ?? '') > Date.parse(times[0] ?? ''))
})

t.test('the WebSocket says who you are and echoes', async (t) => {
  const socket = new WebSocket(`${await sampleApp(t)}/live?x=1`, { headers: ada })
  const [greeting] = await once(socket, 'message')
  t.equal(String(greeting), 'you are 42 (ada+lovelace@example.com)')
  socket.send('héllo')
  const [echo] = await once(socket, 'message')
  t.equal(String(echo), 'echo: héllo')
})

t.test('an upgrade elsewhere is refused, and a broken frame ends only its own connection', async (t) => {
  const url = await sampleApp(t)
  const [refused] = await once(new WebSocket(`${url}/elsewhere`), 'error')
  t.match(String(refused), '404')
  const broken = new WebSocket(`${url}/live`)
  await once(broken, 'message')
  const closed = once(broken, 'close')
  broken.send('x'.repeat(64 * 1024 + 1))
  await closed
  t.equal((await fetch(`${url}/health`)).status, 200)
})

t.test('a browser that breaks off, wherever it was, ends only its own connection', async (t) => {
  const url = await sampleApp(t)
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  for (const [path, headers] of [['/events', ''], ['/live', upgrade], ['/elsewhere', upgrade]] as const) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`)
    await once(socket, 'data')
    socket.resetAndDestroy()
    t.equal((await fetch(`${url}/health`)).status, 200, path)
  }
})

t.test('closing ends open streams and sockets', async (t) => {
  const app = await startSampleApp({ host: '127.0.0.1', port: 0 })
  const events = await fetch(`${app.url}/events`)
  const socket = new WebSocket(`${app.url}/live`)
  await once(socket, 'message')
  const socketClosed = once(socket, 'close')
  await app.close()
  await socketClosed
  await t.rejects(events.text())
  await t.rejects(fetch(`${app.url}/health`))
})

t.test('a port that is taken is an error, not a silent nothing', async (t) => {
  const { port } = new URL(await sampleApp(t))
  await t.rejects(startSampleApp({ host: '127.0.0.1', port: Number(port) }), { code: 'EADDRINUSE' })
})
