import t from 'tap'
import type { BrowserAnswer } from '../rig/browser.ts'
import { sendRaw } from '../rig/raw.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig, type Rig, type RigOptions } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'
import { attemptOf, callbackOf, navigation, sessionCookie } from './attempt.ts'

type Teardown = Parameters<typeof startRig>[0]

const other = 'https://other.example'
const third = 'https://third.example'

/** The public host and two that share no domain with it; every host of the browser below has cookies of its own. */
async function startHosts (t: Teardown, options: RigOptions = {}): Promise<Rig> {
  const app = await startUpstream()
  t.after(() => app.close())
  const rig = await startRig(t, {
    ...options,
    config: {
      routes: [
        { host: 'gw.test', upstream: app.url },
        { host: 'other.example', upstream: app.url },
        { host: 'third.example', upstream: app.url },
        { host: '*.wild.example', upstream: app.url }
      ],
      ...options.config
    }
  })
  return { ...rig, upstream: app }
}

/** One browser: a jar for each of our hosts, each led to where the gateway listens. */
function browserOf (rig: Rig, replica = rig.url) {
  const jars = new Map<string, Map<string, string>>()
  const jarOf = (origin: string): Map<string, string> => {
    const jar = jars.get(origin) ?? new Map<string, string>()
    jars.set(origin, jar)
    return jar
  }
  const plain = rig.newBrowser().via(replica)

  async function fetch (address: string, headers: Readonly<Record<string, string>> = navigation, method = 'GET'): Promise<BrowserAnswer> {
    const { origin, host, pathname, search } = new URL(address)
    const jar = jarOf(origin)
    plain.cookies.clear()
    const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
    const answer = await plain.fetch(pathname + search, { method, headers: { ...headers, host, ...(cookie === '' ? {} : { cookie }) } })
    for (const setCookie of answer.setCookies) {
      const [pair = ''] = setCookie.split(';')
      const at = pair.indexOf('=')
      if (/max-age=0/i.test(setCookie)) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return answer
  }

  /** A navigation that follows redirects between our hosts, and signs in where it leads to AIHubMix. */
  async function open (address: string, username = 'user123'): Promise<BrowserAnswer & { readonly address: string, readonly passed: readonly string[] }> {
    const passed: string[] = []
    let current = address
    for (let hops = 0; hops < 15; hops++) {
      passed.push(current)
      const answer = await fetch(current)
      if (answer.location === null) return { ...answer, address: current, passed }
      current = answer.location.startsWith(rig.emulator.url)
        ? new URL(callbackOf(rig, attemptOf({ ...answer, status: 302 }), username), 'https://gw.test').href
        : new URL(answer.location, current).href
    }
    throw new Error(`redirect loop: ${passed.join(' ')}`)
  }

  return { fetch, open, jarOf }
}

function told (rig: Rig): readonly [string | undefined, readonly string[]] {
  return [rig.upstream.last().target, rig.upstream.valuesOf('X-User-Id')]
}

t.test('who opens another host signs in once, on the public host, and lands on the deep link there', async (t) => {
  const rig = await startHosts(t)
  const ada = browserOf(rig)
  const { status, address, passed } = await ada.open(`${other}/deep/link?x=1&y=%2F+z`)
  t.equal(status, 200)
  t.equal(address, `${other}/deep/link?x=1&y=%2F+z`)
  t.strictSame(told(rig), ['/deep/link?x=1&y=%2F+z', ['12345']])
  t.ok(passed.some((hop) => hop.startsWith('https://gw.test/oauth2/handoff?')) && passed.some((hop) => hop.startsWith(`${other}/oauth2/handoff?code=`)))
  t.equal(rig.emulator.count('authorization_code'), 1)

  t.equal((await ada.open(`${third}/a`)).status, 200, 'the next host asks nobody to sign in')
  t.equal((await ada.open('https://gw.test/a')).status, 200)
  t.equal(rig.emulator.count('authorization_code'), 1)
  t.equal(ada.jarOf(other).size, 1, 'nothing but the session is left there')
})

t.test('the cookie on the other host is the host\'s own, as strict as the public one', async (t) => {
  const rig = await startHosts(t)
  const ada = browserOf(rig)
  const { passed } = await ada.open(`${other}/a`)
  t.ok(passed.length > 3)
  const fresh = browserOf(rig)
  for (const [name, value] of ada.jarOf('https://gw.test')) fresh.jarOf('https://gw.test').set(name, value)
  const asked = await fresh.fetch(`${other}/a`)
  const given = await fresh.fetch(asked.location ?? '')
  const taken = await fresh.fetch(given.location ?? '')
  const session = taken.setCookies.find((line) => line.startsWith(`${sessionCookie}=`)) ?? ''
  for (const attribute of [/; Secure/, /; HttpOnly/, /; SameSite=Lax/, /; Path=\//]) t.match(session, attribute)
  t.notMatch(session, /domain/i)
  for (const { headers } of [asked, given, taken]) t.equal(headers['cache-control'], 'no-store')
  for (const { headers } of [given, taken]) t.equal(headers['referrer-policy'], 'no-referrer')
  t.notMatch((given.location ?? '') + taken.text, /eyJ|refresh_/)
})

/** Brings a browser to the point where it holds a code for `other`; whoever has signed in at the public host. */
async function codeFor (browser: ReturnType<typeof browserOf>): Promise<string> {
  const asked = await browser.fetch(`${other}/a`)
  const { location } = await browser.fetch(asked.location ?? '')
  if (location?.startsWith(`${other}/oauth2/handoff?code=`) !== true) throw new Error(`no code: ${location}`)
  return location
}

t.test('a code works once: again it signs nobody in', async (t) => {
  const rig = await startHosts(t)
  const ada = browserOf(rig)
  await ada.open('https://gw.test/a')
  const before = await ada.fetch(`${other}/a`)
  const attemptCookies = new Map(ada.jarOf(other))
  const { location } = await ada.fetch(before.location ?? '')
  t.equal((await ada.fetch(location ?? '')).location, '/a')
  ada.jarOf(other).clear()
  for (const [name, value] of attemptCookies) ada.jarOf(other).set(name, value)
  const again = await ada.fetch(location ?? '')
  t.equal(again.status, 400)
  t.match(again.text, 'invalid_state')
  t.notOk(ada.jarOf(other).has(sessionCookie))
})

t.test('ten browsers\' tabs with one code at once: one takes it', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startHosts(t, { redisUrl: redis.url, replicas: 2 })
  const ada = browserOf(rig)
  await ada.open('https://gw.test/a')
  const code = await codeFor(ada)
  const tabs = Array.from({ length: 10 }, (_, index) => {
    const tab = browserOf(rig, rig.replicas[index % 2]?.url)
    for (const [name, value] of ada.jarOf(other)) tab.jarOf(other).set(name, value)
    return tab
  })
  const answers = await Promise.all(tabs.map(async (tab) => (await tab.fetch(code)).setCookies.some((line) => line.startsWith(`${sessionCookie}=`) && !/max-age=0/i.test(line))))
  t.equal(answers.filter(Boolean).length, 1)
})

t.test('a code is good for 60 seconds', async (t) => {
  const rig = await startHosts(t)
  const ada = browserOf(rig)
  await ada.open('https://gw.test/a')
  const inTime = await codeFor(ada)
  rig.emulator.clock.advance('59s')
  t.equal((await ada.fetch(inTime)).status, 303)
  ada.jarOf(other).clear()
  const late = await codeFor(ada)
  rig.emulator.clock.advance('61s')
  const answer = await ada.fetch(late)
  t.equal(answer.status, 400)
  t.match(answer.text, 'sign_in_expired')
  t.notOk(ada.jarOf(other).has(sessionCookie))
})

t.test('a code is worth nothing in a browser that did not begin there, nor on another host', async (t) => {
  const rig = await startHosts(t)
  const victim = browserOf(rig)
  await victim.open('https://gw.test/a')
  const stolen = await codeFor(victim)
  const attacker = browserOf(rig)
  t.equal((await attacker.fetch(stolen)).status, 400, 'no attempt at all')
  const own = new URL((await attacker.fetch(`${other}/a`)).location ?? '')
  const url = new URL(stolen)
  url.searchParams.set('state', own.searchParams.get('state') ?? '')
  t.equal((await attacker.fetch(url.href)).status, 400, 'the attempt of the attacker with the code of the victim')
  t.notOk(attacker.jarOf(other).has(sessionCookie))

  const elsewhere = new URL(stolen)
  elsewhere.host = 'third.example'
  for (const [name, value] of victim.jarOf(other)) victim.jarOf(third).set(name, value)
  t.equal((await victim.fetch(elsewhere.href)).status, 400)
  t.notOk(victim.jarOf(third).has(sessionCookie))
})

t.test('an attacker\'s link gives nobody the attacker\'s session, and the attacker nobody else\'s', async (t) => {
  const rig = await startHosts(t)
  const [attacker, victim] = [browserOf(rig), browserOf(rig)]
  await attacker.open('https://gw.test/a', 'poor')
  await victim.open('https://gw.test/a')
  t.equal((await victim.fetch(await codeFor(attacker))).status, 400, 'login CSRF')
  const asked = (await attacker.fetch(`${other}/a`)).location ?? ''
  const { location } = await victim.fetch(asked) // the victim follows the attacker's request: a code for the victim's session
  t.ok(location?.startsWith(`${other}/oauth2/handoff?code=`))
  t.equal((await victim.fetch(location ?? '')).status, 400, 'which ends in the victim\'s own browser')
  t.notOk(victim.jarOf(other).has(sessionCookie))
})

for (const [what, change] of [
  ['a host nobody configured', { host: 'evil.example' }], ['a host behind a wildcard', { host: 'a.wild.example' }], ['the wildcard itself', { host: '*.wild.example' }], ['the public host itself', { host: 'gw.test' }],
  ['a host with more in it', { host: 'other.example@evil.example' }], ['a host with a path', { host: 'other.example/evil' }], ['a host in other letters', { host: 'OTHER.example' }],
  ['no state', { state: '' }], ['no challenge', { challenge: '' }], ['a challenge that is none', { challenge: 'x'.repeat(42) }], ['a state with markup', { state: `<script>${'x'.repeat(35)}` }]
] as const) {
  t.test(`nothing is handed over for ${what}`, async (t) => {
    const rig = await startHosts(t)
    const ada = browserOf(rig)
    await ada.open('https://gw.test/a')
    const search = new URLSearchParams({ host: 'other.example', state: 's'.repeat(43), challenge: 'c'.repeat(43), ...change })
    const { status, location } = await ada.fetch(`https://gw.test/oauth2/handoff?${search}`)
    t.ok(status === 400 || status === 421, `${status}`)
    t.equal(location, null)
  })
}

t.test('a code that was changed, made up, repeated or missing signs nobody in', async (t) => {
  const rig = await startHosts(t)
  const ada = browserOf(rig)
  await ada.open('https://gw.test/a')
  for (const change of [(code: string) => `${code}x`, (code: string) => code.slice(2), () => '', () => 'a.b', (code: string) => code.replace('.', '..')]) {
    const url = new URL(await codeFor(ada))
    url.searchParams.set('code', change(url.searchParams.get('code') ?? ''))
    t.equal((await ada.fetch(url.href)).status, 400)
    t.notOk(ada.jarOf(other).has(sessionCookie))
  }
  t.notOk((await ada.fetch(`${other}/oauth2/handoff?code=x`)).status < 400)
  const head = await ada.fetch(await codeFor(ada), navigation, 'HEAD')
  t.equal(head.status, 404, 'looking spends nothing')
})

t.test('the session cookie itself is no code', async (t) => {
  const rig = await startHosts(t)
  const ada = browserOf(rig)
  await ada.open('https://gw.test/a')
  const url = new URL(await codeFor(ada))
  url.searchParams.set('code', ada.jarOf('https://gw.test').get(sessionCookie) ?? '')
  t.equal((await ada.fetch(url.href)).status, 400)
})

for (const [where, elsewhere] of [[other, ['https://gw.test', third]], ['https://gw.test', [other, third]]] as const) {
  t.test(`who signs out on ${where} is signed out on every host, and is not signed in again unasked`, async (t) => {
    const redis = await startRedis()
    t.after(() => redis.close())
    const rig = await startHosts(t, { redisUrl: redis.url, replicas: 2 })
    const ada = browserOf(rig)
    for (const host of [where, ...elsewhere]) t.equal((await ada.open(`${host}/a`)).status, 200)
    t.equal((await ada.fetch(`${where}/oauth2/sign_out`, { ...navigation, origin: where }, 'POST')).status, 303)
    t.notOk(ada.jarOf(where).has(sessionCookie))
    const seen = rig.upstream.seen.length
    for (const host of [where, ...elsewhere]) t.notSame((await ada.fetch(`${host}/a`)).status, 200)
    t.equal(rig.upstream.seen.length, seen)

    const signInPage = await ada.fetch(`${where}/a`)
    t.match(signInPage.location, /^\/oauth2\/sign_in\?/, 'a page asks first')
    let step = await ada.fetch(`${where}/oauth2/start?rd=/a`)
    if (where !== 'https://gw.test') step = await ada.fetch(step.location ?? '')
    t.notOk(new URL(step.location ?? '').searchParams.has('auto_authorize') && new URL(step.location ?? '').searchParams.get('auto_authorize') !== 'false', 'and so does AIHubMix')
  })
}

t.test('who signed out on the public host is asked on the way to another host too, however much AIHubMix remembers (R-14)', async (t) => {
  const rig = await startHosts(t)
  const ada = browserOf(rig)
  await ada.open(`${other}/a`)
  t.equal((await ada.fetch('https://gw.test/oauth2/sign_out', { ...navigation, origin: 'https://gw.test' }, 'POST')).status, 303)
  const seen = rig.upstream.seen.length
  const asked = await ada.open(`${third}/deep/link?x=1`)
  t.equal(asked.status, 200)
  t.equal(asked.passed.length, 2, 'no farther than the public host')
  t.match(asked.text, '<bdi class="who">third.example</bdi>')
  t.equal(asked.headers['cache-control'], 'no-store')
  t.equal(rig.upstream.seen.length, seen)
  t.equal(rig.emulator.count('authorization_code'), 1)

  const href = /class="button" href="([^"]+)"/.exec(asked.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const yes = new URL(href, 'https://gw.test').href
  const { location } = await ada.fetch(yes)
  t.ok(location?.startsWith(rig.emulator.url))
  t.notOk(new URL(location ?? '').searchParams.has('auto_authorize'), 'and AIHubMix has to ask as well')
  t.equal((await ada.open(yes)).address, `${third}/deep/link?x=1`)
  t.strictSame(told(rig), ['/deep/link?x=1', ['12345']])
  t.equal((await ada.open(`${other}/b`)).address, `${other}/b`, 'once is enough')
})

t.test('a replaced user is replaced on every host', async (t) => {
  const rig = await startHosts(t)
  const ada = browserOf(rig)
  await ada.open(`${other}/a`)
  const start = await ada.fetch('https://gw.test/oauth2/start?rd=/a')
  await ada.fetch(new URL(callbackOf(rig, attemptOf(start), 'rich'), 'https://gw.test').href)
  t.equal((await ada.open(`${other}/b`)).status, 200)
  t.strictSame(told(rig), ['/b', ['101']])
})

t.test('who begins anew on the other host leaves no session of the one before behind there', async (t) => {
  const rig = await startHosts(t)
  const ada = browserOf(rig)
  await ada.open(`${other}/a`)
  const before = ada.jarOf(other).get(sessionCookie) ?? ''
  ada.jarOf('https://gw.test').clear()
  await ada.open('https://gw.test/a', 'rich')
  t.equal((await ada.open(`${other}/oauth2/start?rd=/b`)).address, `${other}/b`)
  t.strictSame(told(rig), ['/b', ['101']])
  const left = browserOf(rig)
  left.jarOf(other).set(sessionCookie, before)
  t.equal((await left.fetch(`${other}/a`)).status, 302, 'the session before is over')
})

t.test('a program on the other host is led nowhere', async (t) => {
  const rig = await startHosts(t)
  const { status, text, setCookies } = await browserOf(rig).fetch(`${other}/a`, { accept: 'application/json' })
  t.equal(status, 401)
  t.match(JSON.parse(text), { error: 'login_required' })
  t.strictSame(setCookies, [])
})

t.test('where the proxy in front does not pass Host on, nobody is led in circles', async (t) => {
  const rig = await startHosts(t)
  const lost = rig.newBrowser()
  const asked = await lost.fetch('/a', { headers: { ...navigation, host: 'other.example' } })
  const { pathname, search } = new URL(asked.location ?? '')
  t.equal((await lost.fetch(pathname + search, { headers: { ...navigation, host: 'other.example' } })).status, 421)
})

t.test('a host below cookieDomain shares the cookie and needs no hand-off; one that is not gets a cookie without it (T-93)', async (t) => {
  const rig = await startHosts(t, { config: { session: { keys: [Buffer.alloc(32, 7).toString('base64')], cookieDomain: 'gw.test' } } })
  const ada = browserOf(rig)
  const asked = await ada.fetch(`${other}/a`)
  t.notMatch(asked.setCookies.join(), /domain/i)
  t.equal((await ada.open(`${other}/a`)).status, 200)
  const start = await ada.fetch('https://gw.test/oauth2/start')
  t.match(start.setCookies.join(), /Domain=gw\.test/)
})

t.test('a WebSocket may be opened by a page of the very host that is asked, and by none of the others', async (t) => {
  const rig = await startHosts(t)
  const ada = browserOf(rig)
  await ada.open(`${other}/a`)
  const handshake = (origin: string): string => [
    'GET /ws HTTP/1.1', 'Host: other.example', `Cookie: ${sessionCookie}=${ada.jarOf(other).get(sessionCookie)}`, `Origin: ${origin}`,
    'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''
  ].join('\r\n')
  rig.upstream.server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'))
  for (const origin of [other, 'https://gw.test']) t.equal((await sendRaw(rig.port, handshake(origin))).status, 101, origin)
  for (const origin of [third, 'http://other.example', 'https://other.example:8443', 'https://evil.example']) t.equal((await sendRaw(rig.port, handshake(origin))).status, 403, origin)
})

t.test('a program on another host is told where to sign in and top up there, and not on the public host', async (t) => {
  const rig = await startHosts(t)
  const program = { accept: 'application/json', 'sec-fetch-mode': 'cors' }
  const { fetch } = browserOf(rig)
  for (const [host, loginUrl] of [[other, `${other}/oauth2/sign_in`], ['https://gw.test', 'https://gw.test/oauth2/sign_in'], ['https://a.wild.example', 'https://gw.test/oauth2/sign_in']] as const) {
    const { status, headers, json } = await fetch(`${host}/a`, program)
    t.equal(status, 401)
    t.equal(json()['login_url'], loginUrl)
    t.equal(headers['www-authenticate'], `AIHubMix login_url="${loginUrl}"`)
  }
})

t.test('a 402 on another host names the top-up there', async (t) => {
  const rig = await startHosts(t, { config: { routes: [{ host: 'other.example', upstream: 'http://127.0.0.1:1', minBalance: '1000000' }, { host: 'gw.test', upstream: 'http://127.0.0.1:1' }] } })
  const ada = browserOf(rig)
  await ada.open(`${other}/a`)
  const { status, json } = await ada.fetch(`${other}/a`, { accept: 'application/json', 'sec-fetch-mode': 'cors' })
  t.equal(status, 402)
  t.equal(json()['topup_url'], `${other}/oauth2/topup`)
})
