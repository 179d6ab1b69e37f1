import t, { type Test } from 'tap'
import { beginSignIn, callbackOf, navigation, open, signInTo, signOut } from '../login/attempt.ts'
import { get, sendRaw } from '../rig/raw.ts'
import { startRedis } from '../rig/redis.ts'
import { app, startRig, type Rig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import type { TestBrowser } from '../rig/browser.ts'

/** Whatever of this run nobody may read in a log. */
function secretsOf (rig: Rig, browsers: readonly TestBrowser[], moreCookies: readonly string[]): ReadonlySet<string> {
  const secrets = new Set([app.clientSecret, ...moreCookies])
  for (const { headers, body, query } of rig.emulator.requests) {
    for (const value of [headers['authorization']?.replace(/^Bearer /, ''), body['code'], body['refresh_token'], body['client_secret'], body['code_verifier'], query['state']]) {
      if (value !== undefined && value !== '') secrets.add(value)
    }
  }
  for (const { cookies } of browsers) for (const value of cookies.values()) if (value.length > 1) secrets.add(value)
  return secrets
}

function grep (t: Test, rig: Rig, secrets: ReadonlySet<string>): void {
  const log = rig.logged()
  t.ok(secrets.size > 5, `${secrets.size} secrets`)
  for (const secret of secrets) {
    for (const spelling of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      const at = log.indexOf(spelling)
      if (at !== -1) t.fail(`the log holds ${spelling.slice(0, 12)}… at ${log.slice(Math.max(0, at - 200), at + 20)}`)
    }
  }
  t.notMatch(log, /eyJ[\w-]+\.|refresh_[0-9a-f]{12}|Bearer /)
}

t.test('no token, code, secret, state or cookie value is in the log at level trace, all being well (T-135)', async (t) => {
  const rig = await startRig(t)
  const [ada, eve] = [rig.newBrowser(), rig.newBrowser()]
  await ada.signIn('user123', '/deep?x=1')
  const seen = [...ada.cookies.values()]
  await signInTo(rig, eve, '/', 'rich')
  await open(ada, '/a?token=of-the-app')
  await open(ada, '/oauth2/userinfo?fresh=1')
  await open(ada, '/oauth2/topup')
  rig.emulator.clock.advance('3h')
  await open(ada, '/a')
  await signOut(ada)
  await open(eve, '/oauth2/callback?code=a-stray-code-0815&state=a-stray-state-0815')
  const { length } = rig.logged()
  t.ok(length > 1_000, 'and yet the log says something')
  t.match(rig.logged(), '"audit":"sign_in"')
  t.match(rig.logged(), '"audit":"sign_out"')
  grep(t, rig, new Set([...secretsOf(rig, [ada, eve], seen), 'a-stray-code-0815', 'a-stray-state-0815', 'of-the-app']))
})

t.test('nor when everything fails (T-135)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const session = ada.cookieHeader().split('=').slice(1).join('=')
  for (const endpoint of ['authorization_code', 'userinfo', 'topup'] as const) {
    for (const fault of [{ kind: 'status', args: { code: 400 } }, { kind: 'status', args: { code: 500 } }, { kind: 'malformed_json' }, { kind: 'truncated' }, { kind: 'redirect' }, { kind: 'reset_connection', args: { when: 'mid' } }, { kind: 'huge_body' }] as const) {
      rig.emulator.faults.clear()
      rig.emulator.faults.set({ ...fault, endpoint })
      const eve = rig.newBrowser()
      await open(eve, callbackOf(rig, await beginSignIn(eve)))
      await open(ada, '/oauth2/topup')
      await open(ada, '/oauth2/userinfo?fresh=1')
    }
  }
  rig.emulator.faults.clear()
  rig.emulator.faults.set({ kind: 'status', endpoint: 'refresh_token', args: { code: 500 } })
  rig.emulator.clock.advance('3h')
  t.equal((await open(ada, '/a')).status, 503)
  const attempt = await beginSignIn(ada)
  await redis.client.config('SET', 'maxmemory', '1')
  t.equal((await open(ada, callbackOf(rig, attempt))).status, 503)
  await redis.stop()
  await until(async () => (await open(ada, '/a')).status === 503)
  await ada.fetch('/a', { method: 'POST', headers: { ...navigation, authorization: 'Basic dXNlcjpwYXNzd29yZA==', 'x-user-id': '1' }, body: 'x' })
  await until(() => rig.logged().includes('Redis cannot be reached'))
  grep(t, rig, new Set([...secretsOf(rig, [ada], [session]), 'dXNlcjpwYXNzd29yZA==']))
})

t.test('the password of Redis is in no log line (T-135)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  await redis.client.config('SET', 'requirepass', 'the-real-password')
  const rig = await startRig(t, { redisUrl: redis.url.replace('//', '//:a-wrong-password@') })
  await until(() => rig.logged().includes('WRONGPASS'))
  const ada = rig.newBrowser()
  t.equal((await signInTo(rig, ada)).status, 503)
  t.notMatch(rig.logged(), 'a-wrong-password')
})

t.test('an address that is refused is logged without its query (T-135)', async (t) => {
  const rig = await startRig(t)
  const secret = 'a-code-of-nobody-0815'
  for (const target of [`/public\\a?code=${secret}`, `/public/a?code=${secret}#x`, `//public?code=${secret}`, `/public/..%2fa?code=${secret}`]) t.equal((await sendRaw(rig.port, get(target))).status, 400, target)
  await until(() => rig.logged().split('"msg":"answered 400"').length > 4)
  t.notMatch(rig.logged(), secret)
})
