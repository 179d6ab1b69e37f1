import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { get } from '../rig/raw.ts'
import { freePort } from '../rig/redis.ts'
import { startRig, type Rig } from '../rig/rig.ts'
import { attackOn, bodyOf, message, startRawUpstream, type Outcome } from './attack.ts'

async function rigBefore (t: Test, upstream: string, route: object = {}): Promise<Rig> {
  return await startRig(t, { config: { routes: [{ upstream, access: 'anyone', ...route }] } })
}

/** A page or JSON that names an error and its id, and nothing of what is behind the gateway. */
function tellsNothing (t: Test, { text }: Outcome, port: string): void {
  t.match(bodyOf(text), /"request_id":"[0-9a-f]{32}"/)
  t.notMatch(text, new RegExp(`127\\.0\\.0\\.1|${port}|ECONN|UND_ERR|undici|HPE_|certificate|self.signed|at .*\\.(js|ts)|stack`, 'i'))
}

t.test('T-148 S-10 an app that is down is a 502 without internals', async (t) => {
  const port = await freePort()
  const rig = await rigBefore(t, `http://127.0.0.1:${port}`)
  for (const method of ['GET', 'POST']) {
    const outcome = await attackOn(rig)(message(method, '/a'))
    t.equal(outcome.status, 502)
    tellsNothing(t, outcome, String(port))
  }
  t.match(rig.logged(), /ECONNREFUSED/, 'the log knows')
})

t.test('T-148 an app whose name does not exist is a 502', async (t) => {
  const rig = await rigBefore(t, 'http://app.invalid:1')
  const { status, text } = await attackOn(rig)(get('/a'))
  t.equal(status, 502)
  t.notMatch(text, /ENOTFOUND|EAI_AGAIN|app\.invalid/)
})

t.test('T-148 an app that never answers is a 504', async (t) => {
  const app = await startRawUpstream(t, () => {})
  const rig = await rigBefore(t, app.url, { timeouts: { headers: '200ms' } })
  const outcome = await attackOn(rig)(get('/a'))
  t.equal(outcome.status, 504)
  tellsNothing(t, outcome, new URL(app.url).port)
  t.equal(app.requests.length, 1, 'and is asked once')
})

t.test('T-148 an app that falls silent within its head is a 504', async (t) => {
  const app = await startRawUpstream(t, (socket) => { socket.write('HTTP/1.1 200 OK\r\nX-A: ') })
  const rig = await rigBefore(t, app.url, { timeouts: { headers: '200ms' } })
  t.equal((await attackOn(rig)(get('/a'))).status, 504)
})

const brokenHeads: Readonly<Record<string, string>> = {
  'closes at once': '',
  'closes within its head': 'HTTP/1.1 200 OK\r\nX-A: ',
  'sends a status of 099': 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n',
  'sends a status of 600': 'HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n',
  'sends a status of 999': 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n',
  'sends a status of 000': 'HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n',
  'sends a status of 20': 'HTTP/1.1 20 Odd\r\nContent-Length: 0\r\n\r\n',
  'sends a status of 2000': 'HTTP/1.1 2000 Odd\r\nContent-Length: 0\r\n\r\n',
  'speaks another protocol': 'SSH-2.0-OpenSSH_9.6\r\n',
  'speaks HTTP/0.9': '<html>hello</html>',
  'sends two lengths that differ': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
  'sends a length that is none': 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc',
  'sends a length and chunks': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'says 100 when nobody waited for it': 'HTTP/1.1 100 Continue\r\n\r\n',
  'sends 10 MB of headers': `HTTP/1.1 200 OK\r\n${`X-A: ${'x'.repeat(1_000)}\r\n`.repeat(10_000)}\r\n`
}
for (const [what, bytes] of Object.entries(brokenHeads)) {
  t.test(`T-148 an app that ${what} is a 502, and is asked once`, async (t) => {
    const app = await startRawUpstream(t, (socket) => {
      socket.write(bytes)
      if (what.includes('closes')) socket.end()
    })
    const rig = await rigBefore(t, app.url, { timeouts: { headers: '5s' } })
    const outcome = await attackOn(rig)(get('/a'))
    t.equal(outcome.status, 502)
    tellsNothing(t, outcome, new URL(app.url).port)
    t.equal(app.requests.length, 1)
    t.equal((await rig.newBrowser().fetch('/oauth2/ping')).status, 200, 'the gateway lives')
  })
}

const cutBodies: Readonly<Record<string, string>> = {
  'a body shorter than its length': 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf',
  'chunks without an end': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
  'half a chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf',
  'a chunk that is none': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n'
}
for (const [what, bytes] of Object.entries(cutBodies)) {
  t.test(`T-148 ${what} is cut at the client too: never a clean end`, async (t) => {
    const app = await startRawUpstream(t, (socket) => { socket.end(bytes) })
    const { text } = await attackOn(await rigBefore(t, app.url))(get('/a'))
    t.notMatch(text, /\r\n0\r\n\r\n$/, 'no last chunk')
    t.notMatch(text, /HTTP\/1\.1 50\d/, 'and no second answer within the first')
  })
}

t.test('T-148 what an app sends after its answer is no answer to the next client', async (t) => {
  const app = await startRawUpstream(t, (socket, head) => {
    const path = head.split(' ')[1] ?? ''
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=evil\r\n\r\nwrong`)
  })
  const rig = await rigBefore(t, app.url)
  for (const path of ['/first', '/second', '/third']) {
    const { status, text } = await attackOn(rig)(get(path))
    t.ok((status === 200 && bodyOf(text) === path) || status === 502, text)
    t.notMatch(text, /wrong|evil/)
  }
})

t.test('T-148 an early hint is not an answer', async (t) => {
  const app = await startRawUpstream(t, (socket) => { socket.end('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok') })
  const { text } = await attackOn(await rigBefore(t, app.url))(get('/a'))
  t.match(text, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 /)
  t.equal(bodyOf(text.slice(text.indexOf('HTTP/1.1 200'))), 'ok')
})

t.test('T-150 S-02 a 503 is passed on after one request, whatever Retry-After says', async (t) => {
  const app = await startRawUpstream(t, (socket) => { socket.end('HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy') })
  const rig = await rigBefore(t, app.url)
  for (const method of ['GET', 'HEAD', 'POST']) {
    const before = app.requests.length
    const { status, text } = await attackOn(rig)(message(method, '/503'))
    t.equal(status, 503)
    t.match(text, /\r\nretry-after: 0\r\n/i)
    t.equal(app.requests.length, before + 1, method)
  }
})

t.test('T-150 a request with a body is sent once at most, though the kept connection has died', async (t) => {
  let connections: Socket[] = []
  const app = await startRawUpstream(t, (socket, head) => {
    if (head.startsWith('GET')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    else socket.destroy() // read, acted on, and not answered
    connections.push(socket)
  })
  const rig = await rigBefore(t, app.url)
  const attack = attackOn(rig)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    connections = []
    t.equal((await attack(get('/warm'))).status, 200)
    const before = app.requests.length
    t.equal((await attack(message(method, '/a', ['Content-Length: 3'], 'abc'))).status, 502, method)
    t.equal(app.requests.length, before + 1)
    t.strictSame(connections.length, 2)
  }
})

t.test('T-150 a redirect of the app is the browser\'s to follow', async (t) => {
  const app = await startRawUpstream(t, (socket) => { socket.end('HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n') })
  const { status, text } = await attackOn(await rigBefore(t, app.url))(get('/a'))
  t.equal(status, 302)
  t.match(text, /\r\nlocation: http:\/\/169\.254\.169\.254\/latest\r\n/i)
  t.equal(app.requests.length, 1)
})

t.test('S-08 a client that leaves takes its request to the app with it', async (t) => {
  const { promise: left, resolve } = Promise.withResolvers<void>()
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const app = await startRawUpstream(t, (socket) => { socket.on('close', () => resolve()); arrive() })
  const rig = await rigBefore(t, app.url)
  const client = connect(rig.port, '127.0.0.1')
  client.write(get('/a'))
  await arrived
  client.destroy()
  await left
  t.equal(app.requests.length, 1)
})

t.test('T-148 S-01 an app with the certificate of another, or of nobody known, is a 502', async (t) => {
  const { origin, file, hits } = await tlsApp(t, 'other.test')
  for (const [what, tls] of Object.entries({ unknown: {}, 'another name': { ca: file }, 'the name of the request': { ca: file } })) {
    const rig = await rigBefore(t, origin, { tls })
    const outcome = await attackOn(rig)(what === 'the name of the request' ? get('/a', [], 'other.test') : get('/a'))
    t.equal(outcome.status, 502, what)
    tellsNothing(t, outcome, new URL(origin).port)
    t.equal(hits(), 0)
  }
})

t.test('S-01 with its authority and its name configured the same app is reached, whatever Host says', async (t) => {
  const { origin, file, hits } = await tlsApp(t, 'other.test')
  const rig = await rigBefore(t, origin, { tls: { ca: file, serverName: 'other.test' } })
  for (const host of ['gw.test', 'evil.test', '127.0.0.1']) t.equal((await attackOn(rig)(get('/a', [], host))).status, 200, host)
  t.equal(hits(), 3)
  t.equal((await attackOn(await rigBefore(t, origin, { tls: { ca: file, serverName: 'gw.test' } }))(get('/a'))).status, 502)
})

async function tlsApp (t: Test, name: string): Promise<{ readonly origin: string, readonly file: string, hits (): number }> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-tls-'))
  t.after(() => rm(folder, { recursive: true }))
  const [key, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', file, '-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`])
  let hits = 0
  const server = createTlsServer({ key: await readFile(key), cert: await readFile(file) }, (_request, response) => { hits++; response.end('ok') }).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, file, hits: () => hits }
}
