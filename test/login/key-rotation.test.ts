import t from 'tap'
import { open, sessionCookie, signInTo } from './attempt.ts'
import { ask, headerOf } from '../forward-auth/ask.ts'
import { publicUrl } from '../rig/browser.ts'
import { startRedis } from '../rig/redis.ts'
import { sessionKey, startRig } from '../rig/rig.ts'

const newKey = Buffer.alloc(32, 8).toString('base64')

t.test('a new first key: nobody is signed out, tickets are sealed anew as they come by, and then the old key can go', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const withKeys = (...keys: string[]) => startRig(t, { redisUrl: redis.url, config: { session: { keys, redis: { url: redis.url }, maxAge: '10h', idleTimeout: '1h' } } })
  const before = await withKeys(sessionKey)
  const [ada, ben] = [before.newBrowser(), before.newBrowser()]
  await signInTo(before, ada)
  await signInTo(before, ben, '/', 'rich')
  const old = ada.cookies.get(sessionCookie)

  const during = await withKeys(newKey, sessionKey)
  const { status, setCookies } = await open(ada.via(during.url), '/a')
  t.equal(status, 200)
  t.equal(setCookies.length, 1)
  t.match(setCookies[0], /; Max-Age=3\d{4}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  t.not(ada.cookies.get(sessionCookie), old)
  t.strictSame((await open(ada.via(during.url), '/a')).setCookies, [], 'once is enough')
  t.strictSame(during.upstream.valuesOf('X-User-Id'), ['12345'])

  const after = await withKeys(newKey)
  t.equal((await open(ada.via(after.url), '/a')).status, 200)
  t.equal((await open(ben.via(after.url), '/a')).status, 302, 'who never came by meanwhile signs in again')
})

t.test('an answer that a cache in between may keep carries nobody\'s ticket', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const before = await startRig(t, { redisUrl: redis.url })
  const ada = before.newBrowser()
  await signInTo(before, ada)
  const ticket = ada.cookies.get(sessionCookie) ?? ''
  for (const [cacheControl, expected] of [['public, max-age=60', 0], ['max-age=60', 0], ['s-maxage=1', 0], ['private, max-age=60', 1], ['no-store', 1], ['', 1]] as const) {
    const during = await startRig(t, {
      config: { session: { keys: [newKey, sessionKey], redis: { url: redis.url } } },
      upstream (_request, response) { response.writeHead(200, cacheControl === '' ? {} : { 'cache-control': cacheControl }).end() }
    })
    ada.cookies.set(sessionCookie, ticket)
    const { status, setCookies } = await open(ada.via(during.url), '/a')
    t.equal(status, 200)
    t.equal(setCookies.length, expected, cacheControl)
  }
})

t.test('behind another proxy a 202 carries the ticket sealed anew, once, and a refusal does not (T-128)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const before = await startRig(t, { redisUrl: redis.url })
  const ada = before.newBrowser()
  await signInTo(before, ada)
  const during = await startRig(t, {
    config: {
      server: { publicUrl, trustedProxies: ['127.0.0.1'] },
      session: { keys: [newKey, sessionKey], redis: { url: redis.url } },
      routes: [{ path: '/' }, { path: '/admin', allow: { ids: ['1'] } }]
    }
  })
  const askFor = (uri: string, ticket: string) => ask(during, ['X-Forwarded-Method: GET', 'X-Forwarded-Host: gw.test', `X-Forwarded-Uri: ${uri}`, `Cookie: ${sessionCookie}=${ticket}`])
  const old = ada.cookies.get(sessionCookie) ?? ''
  const refused = await askFor('/admin', old)
  t.equal(refused.status, 403)
  t.equal(headerOf(refused, 'set-cookie'), null)
  const allowed = await askFor('/a', old)
  t.equal(allowed.status, 202)
  const [, sealedAnew = ''] = /^__Host-aihubmix=([^;]+); Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/.exec(headerOf(allowed, 'set-cookie') ?? '') ?? []
  t.not(sealedAnew, '')
  t.not(sealedAnew, old)
  const again = await askFor('/a', sealedAnew)
  t.equal(again.status, 202)
  t.equal(headerOf(again, 'set-cookie'), null, 'once is enough')
})

t.test('gateways of two apps on one Redis, with the same keys and prefix, never see each other\'s sessions', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const one = await startRig(t, { redisUrl: redis.url })
  const other = await startRig(t, {
    redisUrl: redis.url,
    emulator: { apps: [{ clientId: 'client_other', clientSecret: 'secret_of_another', name: 'Other', redirectUri: 'https://gw.test/oauth2/callback' }] },
    config: { aihubmix: { clientId: 'client_other', clientSecret: 'secret_of_another' }, admin: { token: 'the-token-of-the-operators' } }
  })
  const ada = one.newBrowser()
  await signInTo(one, ada)
  t.equal((await open(ada, '/a')).status, 200)
  t.equal((await ada.via(other.url).fetch('/a', { headers: { accept: 'application/json' } })).status, 401)
  const revoked = await fetch(`${other.adminUrl}/sessions?all=true`, { method: 'DELETE', headers: { authorization: 'Bearer the-token-of-the-operators' } })
  t.strictSame(await revoked.json(), { revoked: 0 })
  t.equal((await open(ada.via(one.url), '/a')).status, 302, 'the other app\'s gateway cleared the cookie it does not know; the session is')
  t.equal((await redis.client.keys('aihubmix:client_rig:session:*')).length, 1)
})
