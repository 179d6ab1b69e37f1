import fc from 'fast-check'
import t from 'tap'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'
import { attackOn, bodyOf, cookieLine, isLoginRequired, message } from './attack.ts'

const rig = await startRig(t)
const attack = attackOn(rig)
const signedIn = await cookieLine(rig)
const { upstream: { url: app } } = rig

t.test('T-31 every request lands at the app of its own route, however base and path collide', async (t) => {
  const one = await startUpstream()
  const two = await startUpstream()
  t.after(() => Promise.all([one.close(), two.close()]))
  const rig = await startRig(t, { config: { routes: [{ path: '/x', upstream: `${one.url}/a`, access: 'anyone' }, { path: '/y', upstream: two.url, access: 'anyone' }, { path: '/x/a', upstream: `${two.url}/x`, access: 'anyone' }] } })
  const segment = fc.constantFrom('x', 'y', 'a', 'b', '@', ':80', `${two.url.slice(7)}`, `@${two.url.slice(7)}`, 'http:', '')
  const browser = rig.newBrowser()
  await fc.assert(fc.asyncProperty(fc.constantFrom('/x', '/y', '/x/a'), fc.array(segment, { maxLength: 4 }), async (prefix, segments) => {
    const target = [prefix, ...segments].join('/')
    const [before1, before2] = [one.seen.length, two.seen.length]
    const { status } = await browser.fetch(target)
    const isAtTwo = target.startsWith('/y') || /^\/x\/a(\/|$)/.test(target)
    if (status !== 200) return status === 400 && one.seen.length === before1 && two.seen.length === before2 // two readings
    const base = target.startsWith('/y') ? '' : isAtTwo ? '/x' : '/a'
    return one.seen.length === before1 + (isAtTwo ? 0 : 1) && two.seen.length === before2 + (isAtTwo ? 1 : 0) &&
      (isAtTwo ? two : one).last().target === `${base}${target}`
  }), { numRuns: 1_000 })
  t.ok(one.seen.length > 100 && two.seen.length > 100)
})

t.test('T-32 the longest prefix in whole segments wins, and with it its rule', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ path: '/', upstream: app, access: 'anyone' }, { path: '/api/', upstream: app }, { path: '/api/v2/', upstream: app, access: 'anyone' }, { path: '/api/v2/secret', access: 'nobody' }] } })
  for (const target of ['/apix', '/', '/api/v2', '/api/v2/', '/api/v2/x', '/api/v2/secrets']) t.strictSame((await attack(get(target), rig.port)).hits, [`GET ${target}`], target)
  for (const target of ['/api', '/api/', '/api/v2x', '/api/v', '/api?/api/v2/']) t.ok(isLoginRequired(rig, await attack(get(target), rig.port)), target)
  for (const target of ['/api/v2/secret', '/api/v2/secret/x']) t.strictSame(await statusAndHits(attack(get(target), rig.port)), [403, []], target)
})

t.test('T-33 the strict rule of a host holds in every spelling of its name', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ host: 'a.b.test', access: 'nobody' }, { host: '*.b.test', upstream: app, access: 'anyone' }] } })
  for (const host of ['a.b.test', 'A.b.test', 'a.B.TEST', 'a.b.test.', 'a.b.test:80', 'a.b.test:443', 'A.B.test.:8443']) {
    t.strictSame(await statusAndHits(attack(get('/x', [], host), rig.port)), [403, []], host)
  }
  t.strictSame(await statusAndHits(attack(get('/x', [], 'c.b.test'), rig.port)), [200, ['GET /x']])
})

t.test('T-33 the strict rule of a host is not missed for the rule of any host', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ host: 'a.b.test', access: 'nobody' }, { upstream: app, access: 'anyone' }] } })
  for (const host of ['A.b.test', 'a.b.test.', 'a.b.test:80', 'a.b.test..', 'a..b.test', '.a.b.test', 'a.b.test.:', 'a.b.test:', 'a.b.test:x', 'a.b.test:0443', 'a.b.test ', 'a.b.test,c', 'a.b.test%00', '%61.b.test', 'a\u3002b.test']) {
    const [status, hits] = await statusAndHits(attack(get('/x', [], host), rig.port))
    t.ok(status === 403 || status === 400, `${host} ${status}`)
    t.strictSame(hits, [])
  }
})

t.test('T-33 a wildcard is for names below, not for those that end alike', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ host: '*.b.test', upstream: app, access: 'anyone' }] } })
  for (const host of ['b.test', 'evilb.test', '.b.test', 'b.test.evil', 'x.b.test.evil']) {
    const [status, hits] = await statusAndHits(attack(get('/x', [], host), rig.port))
    t.ok(status === 421 || status === 400, `${host} ${status}`)
    t.strictSame(hits, [])
  }
})

t.test('T-34 a host nobody configured is misdirected: no app, no sign-in', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ host: 'gw.test', upstream: app }] } })
  for (const host of ['unknown.test', '127.0.0.1', '[::1]', `127.0.0.1:${new URL(app).port}`]) {
    const outcome = await attack(get('/x', ['Accept: text/html', 'Sec-Fetch-Mode: navigate'], host), rig.port)
    t.equal(outcome.status, 421, host)
    t.notMatch(outcome.text, /\r\n(location|set-cookie):/i)
    t.strictSame(outcome.hits, [])
  }
})

t.test('T-35 T-36 a route that is public for GET is so for GET and HEAD alone', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ upstream: app }, { path: '/m', methods: ['GET'], upstream: app, access: 'anyone' }] } })
  for (const method of ['GET', 'HEAD']) t.strictSame(await statusAndHits(attack(message(method, '/m'), rig.port)), [200, [`${method} /m`]])
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'QUERY']) t.ok(isLoginRequired(rig, await attack(message(method, '/m'), rig.port)), method)
  for (const method of ['get', 'GeT', 'FOO', 'GET\0', 'GETT', '']) t.strictSame(await statusAndHits(attack(message(method, '/m'), rig.port)), [400, []], method)
  for (const [target, line] of [['/m', 'X-HTTP-Method-Override: GET'], ['/m', 'X-HTTP-Method: GET'], ['/m', 'X-Method-Override: GET'], ['/m', 'X-Forwarded-Method: GET'], ['/m?_method=GET', 'X-A: b']] as const) {
    t.ok(isLoginRequired(rig, await attack(message('POST', target, [line]), rig.port)), line)
    t.ok(isLoginRequired(rig, await attack(message('POST', target, [line, 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 11'], '_method=GET'), rig.port)), `${line} with a form`)
  }
})

t.test('T-35 a rule for HEAD is not passed by for the one for GET', async (t) => {
  for (const order of [0, 1]) {
    const both = [{ path: '/m', methods: ['GET'], upstream: app, access: 'anyone' }, { path: '/m', methods: ['HEAD'], upstream: app, access: 'nobody' }]
    const rig = await startRig(t, { config: { routes: order === 0 ? both : both.toReversed() } })
    t.strictSame(await statusAndHits(attack(message('HEAD', '/m'), rig.port)), [403, []])
  }
})

for (const target of ['/oauth2', '/oauth2/', '/oauth2/callback/', '/OAuth2/auth', '/OAUTH2/PING', '/oauth2%2fauth', '/oauth2%2Fping', '/oauth2/%61uth', '/oauth2/unknown', '/%6fauth2/unknown', '/%4F%41uth2/x', '/oauth2;x=1/auth', '/oauth2;/', '/oauth2%3b/x', '/oauth2//ping', '/oauth2/ping/', '/oauth2?x', '/%6f%61%75%74%68%32', '/oauth2%2f%2fx']) {
  t.test(`T-37 S-16 ${target} is the gateway's own and never proxied`, async (t) => {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      const { status, hits } = await attack(message(method, target, [signedIn, 'Origin: https://gw.test']))
      t.strictSame(hits, [], method)
      t.ok(status === 404 || status === 400, `${method} ${status}`)
    }
  })
}

t.test('T-37 what only begins alike is the app\'s', async (t) => {
  for (const target of ['/oauth2x', '/oauth', '/oauth2.html', '/x/oauth2/ping', '/oauth2-proxy/x']) t.strictSame((await attack(get(target, [signedIn]))).hits, [`GET ${target}`])
})

t.test('T-39 health checkers and crawlers are strangers like everybody', async (t) => {
  for (const agent of ['GoogleHC/1.0', 'kube-probe/1.30', 'ELB-HealthChecker/2.0', 'Googlebot/2.1']) {
    t.ok(isLoginRequired(rig, await attack(get('/admin', [`User-Agent: ${agent}`]))), agent)
    const own = await attack(get('/oauth2/auth', [`User-Agent: ${agent}`]))
    t.strictSame(own.hits, [])
    t.equal(own.status, 401)
  }
})

t.test('T-40 who is not signed in gets nothing of the app, in no answer', async (t) => {
  const rig = await startRig(t, { upstream: (_request, response) => { response.setHeader('x-secret', 'yes').end('top secret') } })
  const attack = attackOn(rig)
  for (const lines of [[], ['Accept: text/html'], ['Accept: text/html', 'Sec-Fetch-Mode: navigate'], ['Cookie: __Host-aihubmix=a.b'], ['Range: bytes=0-']]) {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
      const outcome = await attack(message(method, '/secret', lines))
      t.strictSame(outcome.hits, [])
      t.ok(outcome.status === 302 || outcome.status === 401, `${method} ${outcome.status}`)
      t.notMatch(outcome.text, /secret"|top secret|x-secret/)
    }
  }
})

t.test('T-40 a 401 without session names where to sign in, and no more', async (t) => {
  const outcome = await attack(get('/secret'))
  t.match(JSON.parse(bodyOf(outcome.text)), { error: 'login_required', login_url: 'https://gw.test/oauth2/sign_in', message: String, request_id: /^[0-9a-f]{32}$/ })
  t.match(outcome.text, /\r\ncache-control: no-store\r\n/i)
})

async function statusAndHits (outcome: ReturnType<typeof attack>): Promise<[number, readonly string[]]> {
  const { status, hits } = await outcome
  return [status, hits]
}

t.end() // the app and the gateway go with it
