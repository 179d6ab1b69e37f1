import t from 'tap'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { transport } from '../rig/transport.ts'
import { attackOn, cookieLine, isLoginRequired, isRefused, message } from './attack.ts'

const rig = await startRig(t)
const attack = attackOn(rig)
const signedIn = await cookieLine(rig)
const { upstream: { url: app } } = rig

// `/admin` is closed for everybody here, so that a way in shows even for who is signed in.
const strict = await startRig(t, { config: { routes: [{ path: '/', upstream: app }, { path: '/public', upstream: app, access: 'anyone' }, { path: '/admin', access: 'nobody' }] } })
const attackStrict = attackOn(rig)
const signedInStrict = await cookieLine(strict)

const navigation = ['Accept: text/html', 'Sec-Fetch-Mode: navigate']

function loginRequired (id: string, targets: readonly string[]): void {
  for (const target of targets) {
    t.test(`${id} ${target} needs a session`, async (t) => {
      t.ok(isLoginRequired(rig, await attack(get(target))), 'a program is told so')
      t.ok(isLoginRequired(rig, await attack(get(target, navigation))), 'a person is led to sign in')
    })
  }
}

function refused (id: string, targets: readonly string[]): void {
  for (const target of targets) {
    t.test(`${id} ${JSON.stringify(target)} is refused before anything is decided, for whoever asks`, async (t) => {
      for (const lines of [[], navigation, [signedIn]]) t.ok(isRefused(await attack(get(target, lines))))
      t.ok(isRefused(await attackStrict(get(target, [signedInStrict]), strict.port)))
    })
  }
}

function arrives (id: string, target: string, lines: readonly string[] = []): void {
  t.test(`${id} ${target} arrives byte for byte`, async (t) => {
    const { status, hits } = await attack(get(target, lines))
    t.equal(status, 200)
    t.strictSame(hits, [`GET ${target}`])
  })
}

arrives('T-17', '/public/a')
arrives('T-17', '/public')
loginRequired('T-17', ['/publicx', '/Public/a', '/PUBLIC', '/publi', '/public.', '/public%20/a'])
loginRequired('T-18', ['/admin?x=/public/a', '/admin?/public/', '/admin?/../public/a', '/admin&/public/a'])
refused('T-18 T-28', ['/admin;/public/../a', '/public/..;/admin', '/public;x=1/../admin', '/public/..;x=1/admin', '/public/.;/..;/admin', '/public/%2e%2e;/admin', '/public/..%3b/admin'])
// A server that cuts parameters before it decodes reads `/admin` here.
refused('T-28', ['/;x%2fy/admin', '/public/;%2F/admin', '/public;%2f/admin', '/a;b=%2fc', '/public/a;x=1;y=%2f'])
loginRequired('T-18 T-28', ['/admin;/public/a', '/admin;.css', '/admin;/x'])
refused('T-19 S-14', ['/admin#/public/a', '/public/..#/', '/public/a#', '/public/#/../admin', '/public/a?x#y'])
loginRequired('T-20', ['/admin%23/public/a'])
refused('T-21 S-15', ['/public/../admin', '/public/./../admin', '/public/a/../../admin', '/public/./admin', '/public/..', '/public/.', '/../admin', '/./admin'])
refused('T-22 S-15', ['/public/%2e%2e/admin', '/public/..%2fadmin', '/public/%2e%2e%2fadmin', '/public/.%2e/admin', '/public/%2E./admin', '/public/%2e/admin', '/public/..%2Fadmin', '/public/a%2f..%2f..%2fadmin'])
refused('T-23', ['/public%2fadmin', '/public%2Fadmin'])
loginRequired('T-23', ['/%2fadmin'])
refused('T-24', ['/public\\..\\admin', '/public/x\\..\\..\\admin', '/public/%5c..%5cadmin', '/public/..%5cadmin', '/public/..%5Cadmin', '/public\\admin', '/\\admin'])
loginRequired('T-25', ['/%61dmin', '/%61%64%6d%69%6e'])
arrives('T-26', '/public/%252e%252e/admin')
arrives('T-26', '/public/%25252e%25252e/admin')
refused('T-27', ['//public/a', '///admin', '/public//../admin', '//evil.test/admin', '/\\evil.test', '//evil.test@gw.test/', '/\t/evil.test', '/%09/../evil.test'])
refused('T-29', ['/public/%00/../admin', '/public/%00', '/a%00', '/a%zz', '/a%', '/a%f', '/a%ff', '/public/%c0%ae%c0%ae/admin', '/public/%e0%80%af', '/%u0061dmin', '/a\u007f', '/a\u00ff', '/a\u0001', '/public/?\u00e9\u00ff'])
refused('T-30 S-17', ['*', 'admin', '?', '@evil.test/', ':80/', ''])

t.test('T-23 an escaped slash within a route arrives byte for byte', async (t) => {
  for (const target of ['/a%2Fb', '/a%2fb?c=%2F', '/public/%2fadmin']) {
    t.strictSame((await attack(get(target, [signedIn]))).hits, [`GET ${target}`], target)
  }
})

for (const target of ['/admin', '/admin/', '/admin/x', '/admin?x', '/%61dmin', '/%61%64min/x', '/admin/%2525', '/a%64min?/public/a']) {
  t.test(`T-25 ${target} stays closed for who is signed in`, async (t) => {
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'PROPFIND']) {
      const { status, hits } = await attackStrict(message(method, target, [signedInStrict]), strict.port)
      t.equal(status, 403, method)
      t.strictSame(hits, [])
    }
  })
}

for (const target of ['/admin;x', '/admin%2f', '/admin%2fx', '/%61dmin%2Fx', '/admin;x/y', '/a//../admin', '/admin%2f..', '/x;/../admin', '/public%2fx', '/public;x']) {
  t.test(`T-25 T-28 ${target}, of which two readings lead to two rules, is refused`, async (t) => {
    const { status, hits } = await attackStrict(get(target, [signedInStrict]), strict.port)
    t.equal(status, 400)
    t.strictSame(hits, [])
  })
}

t.test('T-27 a prefix that is stripped leaves no second slash to begin with', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ path: '/api', upstream: app, access: 'anyone', stripPrefix: true }] } })
  for (const target of ['/api//evil.test/a', '/api//', '/api///admin']) {
    const { status, hits } = await attack(get(target), rig.port)
    t.equal(status, 400, target)
    t.strictSame(hits, [])
  }
  for (const [target, arrives] of [['/api/a//b', '/a//b'], ['/api', '/'], ['/api?x=//y', '/?x=//y'], ['/api/%2fa', '/%2fa']] as const) {
    t.strictSame((await attack(get(target), rig.port)).hits, [`GET ${arrives}`], target)
  }
})

t.test('T-27 a prefix to strip that is spelled in another way is refused, not guessed', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ path: '/api', upstream: app, access: 'anyone', stripPrefix: true }] } })
  const { status, hits } = await attack(get('/%61pi/x'), rig.port)
  t.equal(status, 400)
  t.strictSame(hits, [])
})

for (const target of [`http://127.0.0.1:${new URL(app).port}/admin`, 'http://evil.test/', 'https://gw.test/public/a', 'HTTP://gw.test/public/a', 'gw.test:443', 'javascript:alert(1)']) {
  t.test(`T-30 the absolute form ${target.replace(/:\d{4,5}\//, ':port/')} leaves for no other host`, async (t) => {
    for (const lines of [[], [signedIn]]) t.ok(isRefused(await attack(get(target, lines))))
  })
}

t.test('T-30 S-17 OPTIONS * is not proxied', async (t) => {
  for (const lines of [[], [signedIn]]) t.ok(isRefused(await attack(message('OPTIONS', '*', lines))))
})

const inHttp1 = transport.isHttp2 ? () => {} : t.test // what may be sent after it is a tunnel only there
inHttp1('T-30 S-19 CONNECT opens no tunnel', async (t) => {
  const { status, hits } = await attack(`CONNECT 127.0.0.1:${new URL(app).port} HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n`)
  t.not(status, 200)
  t.strictSame(hits, [])
})

t.test('S-13 WebDAV passes, TRACE does not', async (t) => {
  for (const method of ['PROPFIND', 'MKCOL', 'REPORT', 'PURGE', 'SEARCH', 'LOCK']) {
    t.strictSame((await attack(message(method, '/a', [signedIn]))).hits, [`${method} /a`], method)
  }
  const trace = await attack(message('TRACE', '/public/a', [signedIn]))
  t.equal(trace.status, 405)
  t.notMatch(trace.text, signedIn)
  t.strictSame(trace.hits, [])
})

t.test('S-15 what passes is not re-encoded on its way', async (t) => {
  for (const target of ['/public/{y}', '/public/[1]|^`"<>', '/public/%7By%7D', '/public/a;b=c', '/public/a//b', "/public/!$&'()*+,=:@~", '/public/?a=%zz&b=\\..\\&c=/../x', '/public/?', '/public?a?b', '/public/%e7%94%a8', '/public/%41']) {
    t.strictSame((await attack(get(target))).hits, [`GET ${target}`], target)
  }
})

t.end() // the app and the gateways go with it
