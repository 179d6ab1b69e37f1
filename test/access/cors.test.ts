import t from 'tap'
import { signInTo } from '../login/attempt.ts'
import { startRig } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'

const front = 'https://front.example'
const app = await startUpstream((_request, response) => {
  response.setHeader('Access-Control-Allow-Origin', '*')
  response.setHeader('access-control-allow-credentials', 'false')
  response.setHeader('vary', 'accept-encoding')
  response.end('from the app')
})
t.after(() => app.close())
const rig = await startRig(t, {
  config: {
    routes: [
      { upstream: app.url, access: 'anyone' },
      { path: '/api', upstream: app.url, cors: { origins: [front, 'http://localhost:5173'], exposeHeaders: ['X-Total'] } },
      { path: '/open', upstream: app.url, access: 'anyone', methods: ['GET'], cors: { origins: [front], credentials: false, headers: [] } },
      { path: '/poor', upstream: app.url, minBalance: '1', cors: { origins: [front] } }
    ]
  }
})
const ada = rig.newBrowser()
await signInTo(rig, ada, '/', 'poor')
const stranger = rig.newBrowser()
const preflight = (origin: string, method = 'PUT', headers: Record<string, string> = {}) => ({ method: 'OPTIONS', headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'content-type,x-user-id', ...headers } })
const vary = (value: unknown): readonly string[] => [value ?? []].flat().join(',').toLowerCase().split(/\s*,\s*/)

t.test('a preflight from an origin that is named is answered by us, without a session, and the app hears nothing', async (t) => {
  const { status, headers, setCookies, text } = await stranger.fetch('/api/x', preflight(front))
  t.equal(status, 204)
  t.equal(text, '')
  t.match(headers, {
    'access-control-allow-origin': front,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'PUT',
    'access-control-allow-headers': 'Authorization, Content-Type, X-Requested-With',
    'access-control-max-age': '600'
  })
  t.ok(vary(headers['vary']).includes('origin'))
  t.strictSame(setCookies, [])
  t.equal(app.seen.length, 0)
})

for (const origin of ['https://evil.example', 'null', 'https://front.example.evil.example', 'https://frontxexample', 'http://front.example', 'https://front.example:8443', 'HTTPS://FRONT.EXAMPLE', 'https://front.example/', `${front}, https://evil.example`, '*', '']) {
  t.test(`an origin nobody named (${JSON.stringify(origin)}) gets no word of ours, at a preflight or after`, async (t) => {
    const before = app.seen.length
    const asked = await stranger.fetch('/api/x', preflight(origin))
    t.equal(asked.status, 401)
    t.equal(app.seen.length, before)
    const read = await ada.fetch('/api/x', { headers: { origin } })
    t.equal(read.status, 200)
    for (const { headers } of [asked, read]) {
      t.strictSame(Object.keys(headers).filter((name) => name.startsWith('access-control-')), [])
      t.ok(vary(headers['vary']).includes('origin'), 'a cache knows that the origin matters')
    }
  })
}

t.test('the answer to an origin that is named is readable to it, and to it alone: the app\'s own star is gone', async (t) => {
  const { headers, text } = await ada.fetch('/api/x', { headers: { origin: front } })
  t.equal(text, 'from the app')
  t.match(headers, { 'access-control-allow-origin': front, 'access-control-allow-credentials': 'true', 'access-control-expose-headers': 'X-Total' })
  t.strictSame(vary(headers['vary']).filter((name) => name === 'origin' || name === 'accept-encoding').toSorted(), ['accept-encoding', 'origin'])
  t.equal((await ada.fetch('/api/x', { headers: { origin: 'http://localhost:5173' } })).headers['access-control-allow-origin'], 'http://localhost:5173')
})

t.test('without an Origin no origin is named', async (t) => {
  const { headers } = await ada.fetch('/api/x')
  t.strictSame(Object.keys(headers).filter((name) => name.startsWith('access-control-')), [])
  t.ok(vary(headers['vary']).includes('origin'))
})

t.test('a script can read our refusals too: where to sign in, and where to top up', async (t) => {
  const unsigned = await stranger.fetch('/api/x', { headers: { origin: front } })
  t.match(unsigned.json(), { error: 'login_required', login_url: String })
  t.equal(unsigned.headers['access-control-allow-origin'], front)
  const poor = await ada.fetch('/poor', { headers: { origin: front } })
  t.match(poor.json(), { error: 'balance_too_low', topup_url: String })
  for (const { headers } of [unsigned, poor]) {
    t.equal(headers['access-control-allow-credentials'], 'true')
    t.ok(['origin', 'cookie'].every((name) => vary(headers['vary']).includes(name)))
  }
})

t.test('credentials are not allowed where the route says so', async (t) => {
  for (const request of [preflight(front, 'GET'), { headers: { origin: front } }]) {
    const { headers } = await stranger.fetch('/open', request)
    t.equal(headers['access-control-allow-origin'], front)
    t.equal(headers['access-control-allow-credentials'], undefined)
    t.equal(headers['access-control-allow-headers'], undefined)
  }
})

t.test('a preflight is judged by the route of the method it announces, not by its own', async (t) => {
  const before = app.seen.length
  t.equal((await stranger.fetch('/open', preflight(front, 'GET'))).status, 204)
  t.equal(app.seen.length, before)
  const other = await stranger.fetch('/open', preflight(front, 'POST'))
  t.equal(other.headers['access-control-allow-methods'], undefined, '/open is for GET alone; POST meets the route without cors')
  t.equal(app.seen.length, before + 1)
})

t.test('where no cors is configured the app speaks for itself, preflights included', async (t) => {
  const { status, headers } = await stranger.fetch('/free', preflight(front))
  t.equal(status, 200)
  t.equal(headers['access-control-allow-origin'], '*')
  t.equal(app.last().method, 'OPTIONS')
})

t.test('our own endpoints allow no origin', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ upstream: app.url, cors: { origins: [front] } }] } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  for (const address of ['/oauth2/userinfo', '/oauth2/topup', '/oauth2/ping', '/oauth2/unknown']) {
    for (const request of [preflight(front, 'GET'), { headers: { origin: front } }]) {
      const { headers } = await ada.fetch(address, request)
      t.strictSame(Object.keys(headers).filter((name) => name.startsWith('access-control-')), [], address)
    }
  }
})

t.test('a path that can be read in two ways is refused, whatever origin asks', async (t) => {
  t.equal((await stranger.fetch('/api%2f..%2fopen', preflight(front))).status, 400)
  t.equal((await stranger.fetch('/api%2fx', preflight(front))).status, 400)
})

t.end() // the rig goes with it
