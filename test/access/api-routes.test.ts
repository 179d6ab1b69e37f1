import t from 'tap'
import { navigation, signInTo } from '../login/attempt.ts'
import { startRig, type Rig } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'

const json = 'application/json; charset=utf-8'

/** API routes that refuse in every way there is, and one more for whatever is under /. */
async function startApi (t: Parameters<typeof startRig>[0], config: object = {}): Promise<Rig> {
  const app = await startUpstream()
  t.after(() => app.close())
  return await startRig(t, {
    config: {
      routes: [
        { path: '/', upstream: app.url },
        { path: '/api', upstream: app.url, api: true },
        { path: '/api/paid', upstream: app.url, api: true, minBalance: '1000000' },
        { path: '/api/closed', upstream: app.url, api: true, access: 'nobody' },
        { path: '/api/few', upstream: app.url, api: true, rateLimit: { requests: 1, window: '1h' } },
        { path: '/api/small', upstream: app.url, api: true, limits: { bodyBytes: '1B' } },
        { path: '/api/down', upstream: 'http://127.0.0.1:1', api: true },
        { path: '/paid', upstream: app.url, minBalance: '1000000' }
      ],
      ...config
    }
  })
}

t.test('a route for programs answers every refusal as JSON, whatever the client says it takes', async (t) => {
  const rig = await startApi(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  await ada.fetch('/api/few', { headers: navigation })
  for (const [path, status, code] of [['/api/paid', 402, 'balance_too_low'], ['/api/closed', 403, 'access_denied'], ['/api/few', 429, 'too_many_requests'], ['/api/down', 502, 'upstream_unreachable']] as const) {
    const answer = await ada.fetch(path, { headers: navigation })
    t.equal(answer.status, status, path)
    t.equal(answer.headers['content-type'], json, path)
    t.match(answer.json(), { error: code })
  }
  const large = await ada.fetch('/api/small', { method: 'POST', body: 'ab', headers: { accept: 'text/html' } })
  t.equal(large.headers['content-type'], json)
  t.equal(large.status, 413)
  const stranger = await rig.newBrowser().fetch('/api', { headers: navigation })
  t.strictSame([stranger.status, stranger.headers['content-type']], [401, json])
  t.match((await ada.fetch('/paid', { headers: navigation })).headers['content-type'], 'text/html', 'a person elsewhere gets a page')
})

t.test('and so it does where a proxy in front asks', async (t) => {
  const rig = await startApi(t, { server: { publicUrl: 'https://gw.test', trustedProxies: ['127.0.0.1'] } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  for (const [path, status] of [['/api/paid', 402], ['/api/closed', 403]] as const) {
    const answer = await ada.fetch('/oauth2/auth?login=redirect', { headers: { ...navigation, 'x-forwarded-uri': path, 'x-forwarded-method': 'GET', 'x-forwarded-host': 'gw.test' } })
    t.strictSame([answer.status, answer.headers['content-type']], [status, json], path)
  }
})
