import t, { type Test } from 'tap'
import { cookieLine } from '../security/attack.ts'
import { sessionCookie, signOut } from '../login/attempt.ts'
import { createBrowser } from '../rig/browser.ts'
import { get, sendRaw } from '../rig/raw.ts'
import { tokenFor } from '../bearer/programs.ts'
import { startForwardAuth } from './ask.ts'
import { everyEmulated, startEmulated } from './emulated.ts'
import { everyProxy, startProxy } from './proxies.ts'

const identityNames = ['X-User-Id', 'X-User-Email', 'X-User-Balance', 'X-User-Balance-Low', 'X-User-Assertion']
const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
const routes = [
  { path: '/' },
  { path: '/public', access: 'anyone' },
  { path: '/admin', access: 'nobody' },
  { path: '/rich', minBalance: '1000' },
  { path: '/warned', warnBalance: '1000' },
  { path: '/api', bearer: true },
  { host: 'open.test', path: '/x', access: 'anyone' },
  { host: 'shut.test', path: '/x', access: 'nobody' }
]
const proxies = [
  ...everyProxy.map((name) => ({ name, start: (t: Test, gateway: number, app: number) => startProxy(t, name, { gateway, app }) })),
  ...everyEmulated.map((name) => ({ name: `${name}, emulated from its documentation,`, start: (t: Test, gateway: number, app: number) => startEmulated(t, name, { gateway, app }) }))
]

for (const { name, start } of proxies) {
  t.test(`${name} with the shipped file`, async (t) => {
    const rig = await startForwardAuth(t, { config: { routes } })
    const proxy = await start(t, rig.port, rig.upstream.port)
    const seenBefore = (): number => rig.upstream.seen.length

    await t.test('T-129 a person signs in, comes back to the address asked for, and the app is told who it is', async (t) => {
      const ada = createBrowser(proxy.url)
      const { status, address } = await ada.signIn('user123', '/deep/link?x=1&y=%2F+z')
      t.equal(status, 200)
      t.equal(address, 'https://gw.test/deep/link?x=1&y=%2F+z')
      t.equal(rig.upstream.last().target, '/deep/link?x=1&y=%2F+z')
      t.strictSame(identityNames.map((header) => rig.upstream.valuesOf(header)), [['12345'], ['user@example.com'], ['750.00'], [], []])
    })

    await t.test('T-129 a spoofed header does not reach the app, whoever sends it and however it is spelled', async (t) => {
      const cookie = await cookieLine(rig)
      for (const line of ['X-User-Id: 1', 'x-user-id: 1', 'X_User_Id: 1', 'X-User_Id: 1', 'X_User-Id: 1', 'X-User-Email: a@b', 'X_USER_BALANCE: 9', 'X-User-Balance-Low: true', 'X-User-Balance_Low: true', 'X-User-Assertion: forged', 'X_User_Assertion: forged']) {
        t.equal((await sendRaw(proxy.port, get('/public/a', [line]))).status, 200, line)
        t.strictSame(identityNames.flatMap((header) => rig.upstream.valuesOf(header)), [], `stranger: ${line}`)
        t.equal((await sendRaw(proxy.port, get('/a', [line, cookie]))).status, 200, line)
        t.strictSame(identityNames.flatMap((header) => rig.upstream.valuesOf(header)), ['12345', 'user@example.com', '750.00'], `signed in: ${line}`)
      }
    })

    await t.test('T-129 where the e-mail is not known the client\'s own is no substitute', async (t) => {
      rig.emulator.users.set('noemail', { email: '' })
      const cookie = await cookieLine(rig, 'noemail')
      t.equal((await sendRaw(proxy.port, get('/a', [cookie, 'X-User-Email: admin@x']))).status, 200)
      t.strictSame(rig.upstream.valuesOf('X-User-Email'), [], 'absent, and not empty')
    })

    await t.test('T-130 what a client says in the headers of the question changes no answer', async (t) => {
      const seen = seenBefore()
      for (const line of ['X-Forwarded-Uri: /public/a', 'X-Original-URI: /public/a', 'X-Original-URL: https://gw.test/public/a', 'X-Forwarded-Method: OPTIONS', 'X-Original-Method: GET', 'X-Forwarded-Host: other.test', 'X_Forwarded_Uri: /public/a', 'X-Original_URI: /public/a']) {
        t.ok([400, 401].includes((await sendRaw(proxy.port, get('/a', [line]))).status), line)
      }
      t.equal(seenBefore(), seen, 'the app saw none of them')
    })

    await t.test('T-127 a program gets 401 JSON with the way to sign in, a POST too, and the app sees nothing', async (t) => {
      const seen = seenBefore()
      const stranger = createBrowser(proxy.url)
      for (const how of [{}, { method: 'POST', body: 'x'.repeat(100_000) }, { method: 'POST', body: 'a=1', headers: navigation }]) {
        const answer = await stranger.fetch('/a', how)
        t.equal(answer.status, 401)
        t.match(answer.text, 'login_required')
        t.equal(answer.headers['www-authenticate'], 'AIHubMix login_url="https://gw.test/oauth2/sign_in"', 'said once')
      }
      t.equal(seenBefore(), seen)
    })

    await t.test('paths that two servers could read in two ways open nothing', async (t) => {
      const seen = seenBefore()
      for (const target of ['/public/../admin', '/public/%2e%2e/admin', '/public%2f..%2fadmin', '/public/..%2fadmin', '//admin', '/public/..;/admin', '/public\\..\\admin', '/admin', '/%61dmin', '/PUBLIC/a', '/public%2Fa/..%2f..%2fadmin']) {
        const { status } = await sendRaw(proxy.port, get(target))
        t.ok([301, 302, 307, 308, 400, 401, 403, 404].includes(status), `${target} ${status}`)
      }
      t.equal(seenBefore(), seen)
    })

    await t.test('T-30 T-33 the host that is decided on is the host the app gets, whatever stands in the request line', async (t) => {
      for (const [line, host] of [['open.test', 'shut.test'], ['shut.test', 'open.test'], ['shut.test', 'shut.test']] as const) {
        const seen = seenBefore()
        const { status } = await sendRaw(proxy.port, get(`http://${line}/x`, [], host))
        for (const request of rig.upstream.seen.slice(seen)) t.notMatch([request.target, ...rig.upstream.valuesOf('Host', request)].join(' '), 'shut.test', `${line} ${host}`)
        t.ok(host === line ? status >= 400 : true, `${line} ${host} ${status}`)
      }
    })

    await t.test('T-58 no header by which an app may take a request for another address, or for another client\'s, reaches it as the client sent it', async (t) => {
      const cookie = await cookieLine(rig)
      for (const name of ['X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL', 'X-Original-Host', 'X-Forwarded-Host', 'X-Host', 'X-HTTP-Host-Override', 'Forwarded', 'X-Forwarded-Prefix', 'X-Forwarded-Path', 'X-Forwarded-Uri', 'X_Original_URL', 'X-Rewrite_URL', 'X_Forwarded_Host', 'X-Forwarded-For', 'X-Real-IP']) {
        const seen = seenBefore()
        const { status } = await sendRaw(proxy.port, get('/a', [cookie, `${name}: host=spoof.test`]))
        t.ok(status === 200 || status === 400, `${name} ${status}`)
        for (const { rawHeaders } of rig.upstream.seen.slice(seen)) t.notMatch(rawHeaders.join('\n'), 'spoof.test', name)
      }
    })

    // The emulation of Traefik switches no protocols: it could not fail.
    if (!name.startsWith('Traefik')) {
      await t.test('T-54 T-121 an upgrade to anything but a WebSocket is asked of no app: what came after the 101 would be asked about by nobody', async (t) => {
        const cookie = await cookieLine(rig)
        for (const protocol of ['h2c', 'h2c, websocket', 'websocketx', 'TLS/1.0']) {
          const seen = seenBefore()
          const { status } = await sendRaw(proxy.port, ['GET /a HTTP/1.1', 'Host: gw.test', cookie, 'Connection: Upgrade, HTTP2-Settings, close', `Upgrade: ${protocol}`, 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA', '', ''].join('\r\n'))
          t.not(status, 101, protocol)
          for (const request of rig.upstream.seen.slice(seen)) t.strictSame([rig.upstream.valuesOf('Upgrade', request), rig.upstream.valuesOf('HTTP2-Settings', request)], [[], []], protocol)
        }
      })
    }

    if (!name.includes('emulated')) {
      await t.test('a WebSocket\'s handshake arrives as one', async (t) => {
        const cookie = await cookieLine(rig)
        for (const protocol of ['websocket', 'WebSocket']) {
          await sendRaw(proxy.port, ['GET /a HTTP/1.1', 'Host: gw.test', cookie, 'Connection: Upgrade, close', `Upgrade: ${protocol}`, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Origin: https://gw.test', '', ''].join('\r\n'))
          t.match(rig.upstream.valuesOf('Upgrade'), [/^websocket$/i])
          t.match(rig.upstream.valuesOf('Connection').join(), /upgrade/i)
        }
      })
    }

    await t.test('the endpoint itself is out of reach: its answers are for the proxy', async (t) => {
      const cookie = await cookieLine(rig)
      for (const target of ['/oauth2/auth', '/oauth2/auth?login=redirect', '/oauth2/auth/a', '/oauth2/%61uth', '/OAuth2/auth', '/oauth2//auth', '/oauth2%2fauth']) {
        const { status, text } = await sendRaw(proxy.port, get(target, [cookie, 'X-Forwarded-Uri: /a', 'X-Forwarded-Method: GET', 'X-Forwarded-Host: gw.test', 'X-Original-URI: /a', 'X-Original-Method: GET']))
        t.ok(status >= 300, `${target} ${status}`)
        t.notMatch(text, /^x-user-/im)
      }
    })

    await t.test('a denial, a low balance and a warning arrive as from the gateway itself', async (t) => {
      const ada = createBrowser(proxy.url)
      await ada.signIn()
      t.equal((await ada.fetch('/admin', { headers: navigation })).status, 403)
      const program = await ada.fetch('/rich')
      t.equal(program.status, 402)
      t.equal(program.json()['topup_url'], 'https://gw.test/oauth2/topup')
      const person = await ada.fetch('/rich/page?x=1', { headers: navigation })
      t.equal(person.status, 402)
      t.match(person.text, 'href="/rich/page?x=1')
      t.equal((await ada.fetch('/warned')).status, 200)
      t.strictSame(rig.upstream.valuesOf('X-User-Balance-Low'), ['true'])
    })

    await t.test('T-102 the app sees its own cookies byte for byte, and none of the gateway\'s', async (t) => {
      const ticket = (await cookieLine(rig)).slice('Cookie: '.length)
      const ours = `${ticket}; __Host-aihubmix-login-x=1; __Host-aihubmix-signed-out=1`
      const rows = [[ours, []], [`a=1; ${ours}`, ['a=1']], [`${ours}; b=2`, ['b=2']], [`a=1; ${ours}; b="2, {http.request.host} $1 %20"; c==`, ['a=1; b="2, {http.request.host} $1 %20"; c==']], [`${ours}; long=${'x'.repeat(5_000)}`, [`long=${'x'.repeat(5_000)}`]]] as const
      for (const [sent, seen] of rows) {
        t.equal((await sendRaw(proxy.port, get('/a', [`Cookie: ${sent}`]))).status, 200)
        t.strictSame(rig.upstream.valuesOf('Cookie'), seen)
      }
      t.equal((await sendRaw(proxy.port, get('/public/a', ['Cookie: theme=dark; a=2']))).status, 200)
      t.strictSame(rig.upstream.valuesOf('Cookie'), ['theme=dark; a=2'], 'of somebody who is not signed in too')
      t.equal((await sendRaw(proxy.port, get('/public/a'))).status, 200)
      t.strictSame(rig.upstream.valuesOf('Cookie'), [])
    })

    await t.test('the app sees an Authorization of its own, and no access token that opened a route for programs', async (t) => {
      const token = await tokenFor(rig)
      t.equal((await sendRaw(proxy.port, get('/api/a', [`Authorization: Bearer ${token}`]))).status, 200)
      t.strictSame([rig.upstream.valuesOf('X-User-Id'), rig.upstream.valuesOf('Authorization')], [['12345'], []])
      for (const authorization of ['Basic dTpw', `Bearer ${token}`]) {
        t.equal((await sendRaw(proxy.port, get('/public/a', [`Authorization: ${authorization}`]))).status, 200)
        t.strictSame(rig.upstream.valuesOf('Authorization'), [authorization])
      }
      t.equal((await sendRaw(proxy.port, get('/public/a'))).status, 200)
      t.strictSame(rig.upstream.valuesOf('Authorization'), [])
    })

    await t.test('an upload arrives whole, and a body is never read by the gateway', async (t) => {
      const ada = createBrowser(proxy.url)
      await ada.signIn()
      const body = 'x'.repeat(300_000)
      t.equal((await ada.fetch('/upload', { method: 'POST', body })).status, 200)
      t.equal(rig.upstream.last().body.toString(), body)
    })

    await t.test('sign-out ends it: the copied cookie opens nothing', async (t) => {
      const ada = createBrowser(proxy.url)
      await ada.signIn()
      const copied = `Cookie: ${sessionCookie}=${ada.cookies.get(sessionCookie)}`
      t.equal((await signOut(ada)).status, 303)
      t.notOk(ada.cookies.has(sessionCookie))
      const seen = seenBefore()
      t.equal((await sendRaw(proxy.port, get('/a', [copied]))).status, 401)
      const next = await ada.fetch('/a', { headers: navigation })
      t.equal(next.status, 302)
      t.match(next.location, '/oauth2/sign_in?rd=%2Fa')
      t.equal(seenBefore(), seen)
    })

    await t.test('a gateway that is away lets nobody pass', async (t) => {
      const cookie = await cookieLine(rig)
      const seen = seenBefore()
      await rig.gateway.close(0)
      for (const target of ['/a', '/public/a']) t.ok((await sendRaw(proxy.port, get(target, [cookie]))).status >= 500, target)
      t.equal(seenBefore(), seen)
    })
  })
}
