import t from 'tap'
import { beginSignIn, navigation, open, signInTo } from '../login/attempt.ts'
import { get, sendRaw } from '../rig/raw.ts'
import { startRig, type Rig } from '../rig/rig.ts'

const program = { accept: 'application/json' }
const hostile = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '$' + '{7777*7777}', '{{7777*7777}}', "'-alert(1)-'", '</title><script>']

t.test('hostile text stays text on every page of ours, under a policy that runs nothing (T-136)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  rig.emulator.users.set('user123', { username: hostile.join('') })
  await signInTo(rig, ada)
  for (const text of hostile) {
    const { state } = await beginSignIn(ada)
    const query = new URLSearchParams({ rd: `/${text}`, error: text, error_description: text, code: text, state, lang: text })
    for (const address of [`/oauth2/sign_in?${query}`, `/oauth2/callback?${query}`, `/oauth2/sign_out?${query}`, `/oauth2/${encodeURIComponent(text)}?${query}`, `/oauth2/unknown?${query}`]) {
      const { headers, text: page } = await ada.fetch(address, { headers: { ...navigation, referer: `https://evil.test/${text}`, 'accept-language': text } })
      if (!String(headers['content-type']).startsWith('text/html')) continue
      t.notMatch(page, /<script|<img/, address.slice(0, 40))
      t.notMatch(page, '60481729')
      const policy = String(headers['content-security-policy'])
      t.match(policy, "default-src 'none'")
      t.match(policy, "frame-ancestors 'none'")
      t.notMatch(policy, /script-src|unsafe-inline/)
      t.equal(headers['x-content-type-options'], 'nosniff')
      t.ok(headers['referrer-policy'])
      t.equal(headers['cache-control'], 'no-store')
    }
  }
})

t.test('a hostile Host is refused, and is on no page (T-136)', async (t) => {
  const rig = await startRig(t)
  for (const host of ['<script>alert(1)</script>', 'gw.test"><img', 'evil.test/x', 'gw.test@evil.test']) {
    const { status, text } = await sendRaw(rig.port, get('/oauth2/sign_in', ['Accept: text/html'], host))
    t.equal(status, 400, host)
    t.notMatch(text, /<script>alert|<img/)
  }
  const { text } = await sendRaw(rig.port, get('/oauth2/sign_in', ['Accept: text/html'], 'other.test'))
  t.notMatch(text, 'other.test', 'the page names the public host, whatever was asked')
})

/** The id an answer shows has to stand in the log, with the cause that the answer keeps to itself. */
function logHas (rig: Rig, id: unknown): boolean {
  return typeof id === 'string' && id !== '' && rig.logged().split('\n').some((line) => line.includes(`"id":"${id}"`) && line.includes('"code"'))
}

t.test('an error shows the id its log line has, as JSON and as a page, and no internals (T-137)', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ path: '/', upstream: 'http://127.0.0.1:1', access: 'anyone' }] } })
  const browser = rig.newBrowser()
  for (const address of ['/down', '/oauth2/callback?code=c&state=s', '/oauth2/none', '/oauth2/userinfo']) {
    const json = await browser.fetch(address, { headers: program })
    t.ok(logHas(rig, json.json()['request_id']), address)
    t.ok(Object.keys(json.json()).every((name) => ['error', 'message', 'request_id', 'login_url'].includes(name)))
    const page = await browser.fetch(address, { headers: navigation })
    const ids = [...page.text.matchAll(/[\w-]{8,}/g)].map(([id]) => id)
    t.ok(ids.some((id) => logHas(rig, id)), `${address} as a page`)
    for (const { text } of [json, page]) t.notMatch(text, /127\.0\.0\.1|ECONN|\.ts:\d|node:|at .*\(/)
  }
  t.match(rig.logged(), 'ECONNREFUSED', 'the log has the cause')
})

t.test('nothing of ours is kept by a cache, and what depends on the cookie says so (T-138)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const answers = {
    challenge: await open(ada, '/a'),
    'challenge of a program': await ada.fetch('/a', { headers: program }),
    start: await open(ada, '/oauth2/start'),
    callback: await signInTo(rig, ada),
    'callback refused': await open(rig.newBrowser(), '/oauth2/callback?code=c&state=s'),
    'sign_in page': await open(ada, '/oauth2/sign_in'),
    'sign_out page': await open(ada, '/oauth2/sign_out'),
    userinfo: await ada.fetch('/oauth2/userinfo', { headers: program }),
    topup: await open(ada, '/oauth2/topup'),
    'not found': await open(ada, '/oauth2/none'),
    'sign-out refused': await ada.fetch('/oauth2/sign_out', { method: 'POST', headers: { origin: 'https://evil.test' } }),
    'sign-out': await ada.fetch('/oauth2/sign_out', { method: 'POST', headers: { ...navigation, origin: 'https://gw.test' } }),
    'challenge after a sign-out': await open(ada, '/a'),
    ping: await ada.fetch('/oauth2/ping')
  }
  for (const [name, { headers }] of Object.entries(answers)) t.equal(headers['cache-control'], 'no-store', name)
  for (const name of ['challenge', 'challenge of a program', 'sign_in page', 'userinfo'] as const) t.match(answers[name].headers['vary'], /cookie/i, name)
})
