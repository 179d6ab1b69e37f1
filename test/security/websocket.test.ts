import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import t from 'tap'
import { get } from '../rig/raw.ts'
import { startRig, type Rig, type RigOptions } from '../rig/rig.ts'
import { attackOn, cookieLine, type Attack } from './attack.ts'

interface SeenUpgrade { readonly target: string, readonly rawHeaders: readonly string[] }
type Answer = (socket: Duplex, key: string) => void

const accepted: Answer = (socket, key) => {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.end(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\nX-App: yes\r\n\r\n`)
}

/** A rig whose app takes upgrades and closes after its answer; `upgrades` is what it saw of them. */
async function startUpgradable (t: Parameters<typeof startRig>[0], options: RigOptions = {}, answer: Answer = accepted): Promise<{ readonly rig: Rig, readonly attack: Attack, readonly upgrades: SeenUpgrade[] }> {
  const rig = await startRig(t, options)
  const upgrades: SeenUpgrade[] = []
  rig.upstream.server.on('upgrade', ({ url = '', rawHeaders, headers }, socket: Duplex) => {
    upgrades.push({ target: url, rawHeaders })
    socket.on('error', () => {}).on('end', () => socket.end()).resume()
    answer(socket, headers['sec-websocket-key'] ?? '')
  })
  return { rig, attack: attackOn(rig), upgrades }
}

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`]

function upgrade (target: string, lines: readonly string[], handshakeLines: readonly string[] = handshake): string {
  return [`GET ${target} HTTP/1.1`, 'Host: gw.test', ...handshakeLines, ...lines, '', ''].join('\r\n')
}

function valuesOf (name: string, upgrade: SeenUpgrade | undefined): readonly string[] {
  const folded = (text = ''): string => text.toLowerCase().replace(/[^a-z0-9]/g, '-')
  return (upgrade?.rawHeaders ?? []).filter((_value, index, list) => index % 2 === 1 && folded(list[index - 1]) === folded(name))
}

const { rig, attack, upgrades } = await startUpgradable(t, { config: { headers: { set: { 'X-User-Id': 'id', 'X-User-Email': 'email', 'X-User-Balance': 'balance' } } } })
const signedIn = await cookieLine(rig)

/** What an upgrade came to, and what the app saw of it. */
async function tried (bytes: string): Promise<{ readonly status: number, readonly text: string, readonly seen: readonly SeenUpgrade[] }> {
  upgrades.length = 0
  const { status, text, hits } = await attack(bytes)
  return { status, text, seen: [...upgrades, ...hits.map((target) => ({ target, rawHeaders: [] }))] }
}

t.test('T-117 an upgrade without a session is a 401, and the app is not asked', async (t) => {
  for (const lines of [[], ['Cookie: __Host-aihubmix=a.b'], ['Accept: text/html', 'Sec-Fetch-Mode: navigate'], ['Sec-Fetch-Mode: websocket', 'Origin: https://gw.test']]) {
    const { status, seen } = await tried(upgrade('/ws', lines))
    t.ok(status === 401 || (status === 302 && lines.length === 2), String(status))
    t.strictSame(seen, [])
  }
})

t.test('T-118 S-05 S-07 an upgrade brings identity, no ticket, and every sub-protocol', async (t) => {
  const { status, text, seen: [seen] } = await tried(upgrade('/ws?x=%2F', [`${signedIn}; app=1`, 'X_User_Id: 1', 'X-User-Email: e', 'X-Forwarded-For: 10.0.0.1', 'Sec-WebSocket-Protocol: p1, p2', 'Sec-WebSocket-Extensions: permessage-deflate', 'X-Original-URI: /public']))
  t.equal(status, 101)
  t.match(text, /\r\nx-app: yes\r\n/i)
  t.match(text, /s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/)
  t.equal(seen?.target, '/ws?x=%2F')
  t.strictSame(Object.fromEntries(['X-User-Id', 'X-User-Email', 'X-User-Balance', 'Cookie', 'Host', 'Sec-WebSocket-Protocol', 'X-Forwarded-For', 'X-Original-URI', 'Connection', 'Upgrade'].map((name) => [name, valuesOf(name, seen)])),
    { 'X-User-Id': ['12345'], 'X-User-Email': ['user@example.com'], 'X-User-Balance': ['750.00'], Cookie: ['app=1'], Host: ['gw.test'], 'Sec-WebSocket-Protocol': ['p1, p2'], 'X-Forwarded-For': ['127.0.0.1'], 'X-Original-URI': [], Connection: ['upgrade'], Upgrade: ['websocket'] })
})

t.test('T-118 a stranger on a public path is nobody in an upgrade too', async (t) => {
  const { status, seen: [seen] } = await tried(upgrade('/public/ws', ['X-User-Id: 1', 'x_user_email: e', 'X-User-Assertion: forged', 'Cookie: __Host-aihubmix=x']))
  t.equal(status, 101)
  for (const name of ['X-User-Id', 'X-User-Email', 'X-User-Assertion', 'Cookie']) t.strictSame(valuesOf(name, seen), [], name)
})

t.test('T-32 a WebSocket meets the same route as a request, the longest prefix in whole segments', async (t) => {
  const route = (path: string, access: string): object => ({ path, upstream: rig.upstream.url, access })
  const { port } = await startRig(t, { config: { routes: [route('/', 'anyone'), route('/api/', 'nobody'), route('/api/v2/', 'anyone'), { ...route('/api/v2/one', 'nobody'), exact: true }] } })
  const open = ['/', '/apix', '/api/v2', '/api/v2/', '/api/v2/x', '/api/v2/one/two', '/api/%762/x', '/?/api']
  const shut = ['/api', '/api/', '/api/x', '/api/v2x', '/api/v2/one', '/api/v2/one/', '/%61pi/x', '/api?/api/v2/']
  for (const [targets, plain, switched] of [[open, 200, 101], [shut, 403, 403]] as const) {
    for (const target of targets) {
      t.equal((await attack(get(target), port)).status, plain, target)
      upgrades.length = 0
      t.equal((await attack(upgrade(target, []), port)).status, switched, target)
      t.strictSame(upgrades.map((seen) => seen.target), switched === 101 ? [target] : [])
    }
  }
})

for (const origin of ['https://evil.test', 'null', 'http://gw.test', 'https://gw.test:8443', 'https://gw.test.evil.test', 'https://evil.test, https://gw.test', 'https://gw.test/', 'https://GW.test', 'gw.test', '']) {
  t.test(`T-119 a page of ${JSON.stringify(origin)} opens no WebSocket with somebody's cookies`, async (t) => {
    for (const target of ['/ws', '/public/ws']) {
      const { status, seen } = await tried(upgrade(target, [signedIn, `Origin: ${origin}`]))
      t.equal(status, 403)
      t.strictSame(seen, [])
    }
  })
}

t.test('T-119 of two origins none is believed', async (t) => {
  for (const lines of [['Origin: https://evil.test', 'Origin: https://gw.test'], ['Origin: https://gw.test', 'Origin: https://evil.test']]) {
    const { status, seen } = await tried(upgrade('/ws', [signedIn, ...lines]))
    if (status === 101) t.strictSame(valuesOf('Origin', seen[0]), ['https://gw.test'], 'the app sees the one that was decided on')
    else t.equal(status, 403)
  }
})

t.test('T-119 our own page may, and a program without an origin', async (t) => {
  t.equal((await tried(upgrade('/ws', [signedIn, 'Origin: https://gw.test']))).status, 101)
  t.equal((await tried(upgrade('/ws', [signedIn]))).status, 101)
})

t.test('T-119 a route names the origins it wants, and ours is then none of them', async (t) => {
  const routes = [{ upstream: rig.upstream.url, access: 'anyone', websocket: { allowedOrigins: ['https://other.test'] } }]
  const { attack: other, rig: { port } } = await startUpgradable(t, { config: { routes } })
  t.equal((await other(upgrade('/ws', ['Origin: https://other.test']), port)).status, 101)
  t.equal((await other(upgrade('/ws', ['Origin: https://gw.test']), port)).status, 403)
})

t.test('T-120 where WebSockets are off none is opened', async (t) => {
  const { port } = await startRig(t, { config: { routes: [{ upstream: rig.upstream.url, access: 'anyone', websocket: { enabled: false } }] } })
  upgrades.length = 0
  t.equal((await attack(upgrade('/ws', []), port)).status, 403)
  t.strictSame(upgrades, [])
})

for (const target of ['/ws/%2e%2e/admin', '/public/..\\ws', '/public/../ws', '/public/..;/ws', '//public/ws', '/public%2fws', '/ws#/public/', 'http://gw.test/public/ws', '/public/%00', '*']) {
  t.test(`T-120 ${target} is refused in an upgrade as everywhere`, async (t) => {
    for (const lines of [[], [signedIn]]) {
      const { status, seen } = await tried(upgrade(target, lines))
      t.equal(status, 400)
      t.strictSame(seen, [])
    }
  })
}

t.test('T-120 the gateway\'s own prefix takes no upgrade', async (t) => {
  for (const target of ['/oauth2/ws', '/OAuth2/ws', '/oauth2%2fws']) {
    const { status, seen } = await tried(upgrade(target, [signedIn]))
    t.ok(status === 404 || status === 400, String(status))
    t.strictSame(seen, [])
  }
})

t.test('T-120 an upgrade is one in any case and beside other words', async (t) => {
  for (const lines of [['Connection: keep-alive, Upgrade', 'Upgrade: WebSocket'], ['connection: upgrade', 'upgrade: WEBSOCKET'], ['Connection: Upgrade, X-User-Id', 'Upgrade: websocket']]) {
    const { status, seen } = await tried(upgrade('/ws', [signedIn, ...handshake.slice(2)], lines))
    t.equal(status, 101)
    t.strictSame(valuesOf('X-User-Id', seen[0]), ['12345'])
    t.ok((await tried(upgrade('/ws', handshake.slice(2), lines))).status === 401)
  }
})

const broken: Readonly<Record<string, readonly string[]>> = {
  'no version': [...handshake.slice(0, 2), `Sec-WebSocket-Key: ${key}`],
  'version 12': [...handshake.slice(0, 2), 'Sec-WebSocket-Version: 12', `Sec-WebSocket-Key: ${key}`],
  'no key': handshake.slice(0, 3),
  'a short key': [...handshake.slice(0, 3), 'Sec-WebSocket-Key: abc'],
  'two keys': [...handshake, `Sec-WebSocket-Key: ${key}`],
  'a body': [...handshake, 'Content-Length: 5'],
  'a chunked body': [...handshake, 'Transfer-Encoding: chunked']
}
for (const [what, lines] of Object.entries(broken)) {
  t.test(`T-122 a handshake with ${what} is none, and what follows is no request (o2p#1347)`, async (t) => {
    const { status, seen, text } = await tried(`${upgrade('/ws', [signedIn], lines)}GET /public/smuggled HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n`)
    t.equal(status, 400)
    t.strictSame(seen, [])
    t.equal(text.split('HTTP/1.1 ').length, 2)
  })
}

t.test('T-122 a POST upgrades nothing', async (t) => {
  const { status, seen } = await tried(upgrade('/ws', [signedIn]).replace('GET', 'POST'))
  t.equal(status, 400)
  t.strictSame(seen, [])
})

t.test('T-122 3000 headers on an upgrade are refused', async (t) => {
  const { status, seen } = await tried(upgrade('/ws', [signedIn, ...Array.from({ length: 3_000 }, (_value, index) => `a${index}: `)]))
  t.equal(status, 431)
  t.strictSame(seen, [])
})

for (const [what, answer] of Object.entries({
  refuses: 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Why: app\r\n\r\nno',
  'refuses and keeps its connection': 'HTTP/1.1 403 Forbidden\r\nConnection: keep-alive\r\nContent-Length: 2\r\nX-Why: app\r\n\r\nno',
  'answers as to a GET': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno'
})) {
  t.test(`T-121 S-06 the app ${what}: the client hears so, and nothing it sends after reaches the app (o2p#1347)`, async (t) => {
    const { rig, attack, upgrades } = await startUpgradable(t, {}, (socket) => socket.write(answer))
    const cookie = await cookieLine(rig)
    const { status, text, hits } = await attack(`${upgrade('/ws', [cookie])}GET /admin HTTP/1.1\r\nHost: gw.test\r\n${cookie}\r\n\r\n`)
    t.equal(status, Number(answer.slice(9, 12)))
    t.match(text, /\r\n\r\nno$/)
    t.strictSame(hits, [])
    t.strictSame(upgrades.map(({ target }) => target), ['/ws'])
  })
}

t.test('T-121 what a client sends before the app agreed arrives after it agreed, and only then', async (t) => {
  let received = ''
  const { rig, attack } = await startUpgradable(t, {}, (socket, key) => {
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      if (received.includes('GET /admin')) socket.end()
    })
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`)
  })
  const { hits, status } = await attack(`${upgrade('/ws', [await cookieLine(rig)])}GET /admin HTTP/1.1\r\n\r\n`)
  t.equal(status, 101)
  t.equal(received, 'GET /admin HTTP/1.1\r\n\r\n', 'as bytes of the tunnel')
  t.strictSame(hits, [])
})

for (const [what, answer] of Object.entries({
  'switches to another protocol': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
  'switches without naming a protocol': 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  'answers nonsense': 'nonsense\r\n\r\n',
  'hangs up': ''
})) {
  t.test(`T-121 an app that ${what} opens no tunnel`, async (t) => {
    const { rig, attack } = await startUpgradable(t, {}, (socket) => socket.end(answer))
    const { status } = await attack(upgrade('/ws', [await cookieLine(rig)]))
    t.equal(status, 502)
  })
}

t.test('T-121 an app that switches protocols although nobody asked is a 502', async (t) => {
  const rig = await startRig(t, { upstream: (request) => { request.socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nHTTP/1.1 200 OK\r\n\r\n') } })
  const { status } = await attackOn(rig)('GET /public/a HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n')
  t.equal(status, 502)
})

t.test('T-122 an upgrade behind a request that still awaits its answer ends that connection, not the gateway', async (t) => {
  const rig = await startRig(t)
  const cookie = await cookieLine(rig)
  for (const line of [cookie, 'X-A: b']) {
    await attackOn(rig)(`GET /public/a HTTP/1.1\r\nHost: gw.test\r\n\r\n${upgrade('/public/ws', [line])}`)
    t.equal((await rig.newBrowser().fetch('/public/a')).status, 200, 'others are served')
  }
})

t.test('S-08 a client that leaves before the app agreed leaves no connection behind', async (t) => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: left, resolve: leave } = Promise.withResolvers<void>()
  const { rig } = await startUpgradable(t, {}, (socket) => { socket.on('close', () => leave()); arrive() })
  const socket = connect(rig.port, '127.0.0.1')
  socket.write(upgrade('/public/ws', []))
  await arrived
  socket.destroy()
  await left
  t.pass('the app knows')
})

t.test('T-123 nonsense in a tunnel is between client and app: the gateway lives on', async (t) => {
  const { rig } = await startUpgradable(t, {}, (socket, key) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${key}\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n\r\n`)
    socket.once('data', () => socket.destroy(new Error('enough')))
  })
  const socket = connect(rig.port, '127.0.0.1').on('error', () => {}).resume()
  socket.write(upgrade('/public/ws', []))
  await once(socket, 'data')
  socket.write(Buffer.alloc(100_000, 0xff))
  await once(socket, 'close')
  t.equal((await rig.newBrowser().fetch('/public/a')).status, 200)
})

t.end() // the app and the gateway go with it
