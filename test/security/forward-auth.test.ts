import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { ask, askAs, everyShape, headerOf, passes, startForwardAuth } from '../forward-auth/ask.ts'
import type { RawAnswer } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { cookieLine } from './attack.ts'

const rig = await startForwardAuth(t)
const signedIn = await cookieLine(rig)
const navigation = ['Accept: text/html', 'Sec-Fetch-Mode: navigate']
const complete = ['X-Forwarded-Method: GET', 'X-Forwarded-Host: gw.test', 'X-Forwarded-Uri: /a', signedIn]
const isRefused = ({ status }: RawAnswer): boolean => status === 400 || status === 401
const identityIn = ({ text }: RawAnswer): boolean => /^x-user-(id|email|balance|assertion):/im.test(text)

t.test('a complete question of somebody signed in is a 202, so what is refused below is refused for its own sake', async (t) => {
  t.equal((await ask(rig, complete)).status, 202)
})

for (const [name, uri] of Object.entries({ 'a broken escape': '/a%', 'a space': '/a b', 'two slashes': '//x', nothing: '', 'a full URL': 'http://gw.test/a', '*': '*', 'a fragment': '/a#b', 'a dot segment': '/public/../admin', 'an encoded one': '/public/%2e%2e/admin', 'a NUL': '/a%00', 'a back-slash': '/public\\..\\admin', 'two readings': '/public%2f..%2fadmin' })) {
  t.test(`T-126 a target with ${name} is refused, whoever asks for it`, async (t) => {
    for (const lines of [[`X-Original-URI: ${uri}`, 'X-Original-Method: GET'], [`X-Forwarded-Uri: ${uri}`, 'X-Forwarded-Method: GET']]) {
      const answer = await ask(rig, [...lines, 'X-Forwarded-Host: gw.test', signedIn])
      t.equal(answer.status, 400)
      t.notOk(identityIn(answer))
    }
  })
}

t.test('T-126 a target that is missing, or of 16 KB and more, is no 2xx', async (t) => {
  t.equal((await ask(rig, ['X-Forwarded-Method: GET', 'X-Forwarded-Host: gw.test', signedIn])).status, 400)
  t.equal((await ask(rig, ['X-Original-Method: GET', 'X-Forwarded-Host: gw.test', `X-Original-URI: /${'a'.repeat(16 * 1024)}`, signedIn])).status, 414)
})

t.test('T-126 nor is a question without method or host, though these alone decide nothing here', async (t) => {
  for (const missing of ['X-Forwarded-Method', 'X-Forwarded-Host', 'X-Forwarded-Uri']) {
    t.equal((await ask(rig, complete.filter((line) => !line.startsWith(missing)))).status, 400, missing)
  }
})

t.test('T-126 a method that our own listener would not read has no answer either', async (t) => {
  for (const method of ['get', 'GeT', 'FOO', 'GET, POST', '']) t.equal((await ask(rig, ['X-Forwarded-Uri: /m', 'X-Forwarded-Host: gw.test', `X-Forwarded-Method: ${method}`])).status, 400, method)
  for (const method of ['TRACE', 'CONNECT']) t.equal((await ask(rig, ['X-Forwarded-Uri: /m', 'X-Forwarded-Host: gw.test', `X-Forwarded-Method: ${method}`, signedIn])).status, 405, method)
})

for (const shape of everyShape) {
  t.test(`T-127 without a session ${shape} gets 401, or the way to sign in for a person, and never a 2xx`, async (t) => {
    const program = await askAs(rig, shape, { uri: '/a' })
    t.equal(program.status, 401)
    t.notOk(identityIn(program))
    const person = await askAs(rig, shape, { uri: '/a?x=1&y=%2F' }, navigation)
    if (shape === 'nginx' || shape === 'ingress-nginx') return t.equal(person.status, 401)
    t.equal(person.status, 302)
    t.ok(headerOf(person, 'location')?.startsWith(`${rig.emulator.url}/api/oauth2/authorize?`))
    t.match(headerOf(person, 'set-cookie'), /^__Host-aihubmix-login-/)
  })

  t.test(`T-127 a person's POST is never led away by ${shape}: its body would be lost`, async (t) => {
    t.equal((await askAs(rig, shape, { uri: '/a', method: 'POST' }, navigation)).status, 401)
  })

  t.test(`T-128 with a session ${shape} gets ${passes(shape)} and the identity, once each; without, nothing of it`, async (t) => {
    const answer = await askAs(rig, shape, { uri: '/a' }, [signedIn, 'X-User-Id: 1', 'X_User_Id: 2'])
    t.equal(answer.status, passes(shape))
    t.strictSame(answer.text.match(/^x-user-[a-z]+: .*$/gim)?.map((line) => line.trim()).toSorted(), ['x-user-balance: 750.00', 'x-user-email: user@example.com', 'x-user-id: 12345'])
    t.equal(headerOf(answer, 'cache-control'), 'no-store')
    for (const [uri, status] of [['/admin', 403], ['/a/../b', 400], ['/oauth2/userinfo', 404]] as const) {
      const refused = await askAs(rig, shape, { uri }, [signedIn])
      t.equal(refused.status, status, uri)
      t.notOk(identityIn(refused))
    }
  })

  t.test(`T-129 a stranger on a public path is nobody to ${shape}, whatever headers he sends`, async (t) => {
    const answer = await askAs(rig, shape, { uri: '/public/a' }, ['X-User-Id: 1', 'X-User-Email: a@b'])
    t.equal(answer.status, passes(shape))
    t.notOk(identityIn(answer))
  })

  t.test(`T-35 the original method decides for ${shape}, not the one of the question`, async (t) => {
    const statuses = await Promise.all(['GET', 'HEAD', 'POST', 'DELETE'].map(async (method) => (await askAs(rig, shape, { uri: '/m', method })).status))
    t.strictSame(statuses, [passes(shape), passes(shape), 401, 401])
  })
}

t.test('T-130 a header that is spelled oddly, or there twice, is refused', async (t) => {
  for (const line of ['X_Forwarded_Uri: /public/a', 'X-Forwarded_Uri: /a', 'X.Forwarded.Uri: /a', 'X-Forwarded-URI: /a', 'x-forwarded-uri: /public/a', 'X_Original_URI: /a', 'X_Forwarded_Method: GET', 'X-Forwarded-Method: GET', 'X_Forwarded_Host: gw.test', 'X-Forwarded-Host: gw.test']) {
    t.equal((await ask(rig, [...complete, line])).status, 400, line)
    t.equal((await ask(rig, [line, ...complete])).status, 400, line)
  }
})

t.test('T-130 where two headers disagree there is no answer: never the laxer one', async (t) => {
  for (const line of ['X-Original-URI: /public/a', 'X-Original-URI: /a?', 'X-Original-URL: https://gw.test/public/a', 'X-Original-Method: POST', 'X-Original-Host: public.test', 'X-Original-URL: https://public.test/a', 'X-Original-URL: /a', 'X-Original-URL: ']) {
    t.ok(isRefused(await ask(rig, [...complete, line])), line)
  }
})

t.test('T-130 where they agree there is', async (t) => {
  for (const line of ['X-Original-URI: /a', 'X-Original-URL: https://gw.test/a', 'X-Original-Method: GET', 'X-Original-Host: GW.test.:443']) {
    t.equal((await ask(rig, [...complete, line])).status, 202, line)
  }
})

t.test('T-130 a client of Envoy cannot name another address in a header', async (t) => {
  for (const line of ['X-Forwarded-Uri: /public/a', 'X-Original-URI: /public/a', 'X-Forwarded-Method: HEAD', 'X-Forwarded-Host: public.test']) {
    t.equal((await askAs(rig, 'Envoy', { uri: '/a' }, [line, signedIn])).status, 400, line)
  }
})

t.test('T-130 whatever several headers say of the target, a 2xx means that each of them may pass', async () => {
  const names = ['X-Forwarded-Uri', 'X-Original-URI', 'X_Forwarded_Uri', 'x-original-uri', 'X-Forwarded_URI']
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom('/public/a', '/admin', '/a', '/public/../admin', '')), { maxLength: 3 }), async (said) => {
    const { status } = await ask(rig, ['X-Forwarded-Method: GET', 'X-Forwarded-Host: gw.test', ...said.map(([name, uri]) => `${name}: ${uri}`)])
    return status !== 202 || (said.length > 0 && said.every(([, uri]) => uri === '/public/a'))
  }), { numRuns: 300 })
})

t.test('T-131 a peer that is not trusted is told nothing, whatever it asks', async (t) => {
  const strict = await startRig(t)
  const cookie = await cookieLine(strict)
  for (const shape of everyShape) {
    for (const [uri, lines] of [['/public/a', []], ['/public/a', navigation], ['/a', [cookie]], ['/public/../a', []]] as const) {
      const answer = await askAs(strict, shape, { uri }, lines)
      t.ok(shape === 'Envoy' && uri.includes('..') ? answer.status === 400 : answer.status === 401, `${shape} ${uri}`)
      t.notOk(identityIn(answer))
    }
  }
  t.match(strict.logged(), /not in server.trustedProxies/)
})

t.test('T-132 a question that announces a body and sends none is answered at once, and its connection ends', async (t) => {
  const socket = connect(rig.port, '127.0.0.1')
  t.after(() => socket.destroy())
  let text = ''
  socket.on('data', (chunk: Buffer) => { text += chunk.toString('latin1') })
  socket.write(['POST /oauth2/auth HTTP/1.1', 'Host: gateway.internal', ...complete, 'Content-Type: application/json', 'Content-Length: 1000', '', ''].join('\r\n'))
  await once(socket, 'close') // the client sends nothing more and closes nothing
  t.match(text, /^HTTP\/1\.1 202 /)
  t.match(text, /^connection: close/im)
})

t.test('T-132 what follows it on the connection is not answered: it could be the body', async (t) => {
  const { text } = await ask(rig, [...complete, 'Content-Length: 4000'], { method: 'POST', body: `GET /oauth2/auth HTTP/1.1\r\nHost: a\r\n${complete.join('\r\n')}\r\n\r\n` })
  t.equal(text.match(/HTTP\/1\.1 /g)?.length, 1)
})

t.test('T-37 the endpoint answers under its own name only', async (t) => {
  for (const target of ['/OAuth2/auth', '/oauth2%2fauth', '/oauth2/auth%2fa', '/oauth2//auth', '/oauth2/authx', '/oauth2/%61uth', '/oauth2/auth;x']) {
    const answer = await ask(rig, complete, { target })
    t.equal(answer.status, 404, target)
    t.notOk(identityIn(answer))
  }
})

t.test('T-33 the strict rule of a host holds in every spelling a proxy may pass on', async (t) => {
  const rig = await startForwardAuth(t, { config: { routes: [{ host: 'a.b.test', access: 'nobody' }, { host: '*.b.test', access: 'anyone' }] } })
  for (const shape of everyShape) {
    for (const host of ['a.b.test', 'A.B.test', 'a.b.test.', 'a.b.test:443', 'a.B.test.:8443']) t.equal((await askAs(rig, shape, { uri: '/x', host })).status, 403, `${shape} ${host}`)
    t.equal((await askAs(rig, shape, { uri: '/x', host: 'c.b.test' })).status, passes(shape), shape)
    t.equal((await askAs(rig, shape, { uri: '/x', host: 'other.test' })).status, 421, shape)
    for (const host of ['a..b.test', 'c.b.test, a.b.test', 'c.b.test@a.b.test', '']) t.ok(isRefused(await askAs(rig, shape, { uri: '/x', host })), `${shape} ${host}`)
  }
})

t.test('T-119 a page of another site opens no WebSocket behind a proxy either, whether it passes Upgrade on or not', async (t) => {
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  for (const lines of [[key], ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', key]]) {
    for (const [origin, status] of [['Origin: https://evil.test', 403], ['Origin: null', 403], ['Origin: https://gw.test', 202], ['X-None: 1', 202]] as const) {
      t.equal((await ask(rig, [...complete, origin, ...lines])).status, status, `${origin} ${lines.length}`)
    }
  }
})

t.test('T-119 where WebSockets are off none is let through', async (t) => {
  const rig = await startForwardAuth(t, { config: { routes: [{ path: '/', access: 'anyone', websocket: { enabled: false } }] } })
  t.equal((await ask(rig, [...complete, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='])).status, 403)
  t.equal((await ask(rig, complete)).status, 202)
})

t.end() // the gateway goes with it
