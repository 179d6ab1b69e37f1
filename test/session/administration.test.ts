import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import { loadConfig } from '../../src/config/load.ts'
import { open, signInTo, signOut } from '../login/attempt.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { startProcess } from '../rig/process.ts'
import { startRedis } from '../rig/redis.ts'
import { app, sessionKey, startRig, type Rig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

const token = 'the-token-of-the-operators'

async function rigWithRedis (t: Test, replicas = 2): Promise<{ readonly rig: Rig, readonly redisUrl: string, readonly redis: Awaited<ReturnType<typeof startRedis>> }> {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { replicas, redisUrl: redis.url, config: { admin: { token } } })
  return { rig, redisUrl: redis.url, redis }
}

async function signedIn (rig: Rig, username: string): Promise<TestBrowser> {
  const browser = rig.newBrowser()
  await signInTo(rig, browser, '/', username)
  return browser
}

/** The command as an operator runs it. */
async function sessionsCommand (t: Test, redisUrl: string, args: readonly string[]): Promise<{ readonly code: number | null, readonly output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-sessions-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'config.yaml')
  await writeFile(file, JSON.stringify({
    server: { publicUrl: 'https://gw.test' },
    aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret },
    session: { keys: [sessionKey], redis: { url: redisUrl } },
    routes: [{ upstream: 'http://127.0.0.1:1' }]
  }))
  const command = startProcess(['sessions', ...args, '--config', file])
  await once(command.child, 'close')
  return { code: command.child.exitCode, output: command.output() }
}

const ask = async (rig: Rig, method: 'GET' | 'DELETE', query: string, authorization: string | null = `Bearer ${token}`) => {
  const { statusCode, body } = await request(`${rig.adminUrl}/sessions${query}`, { method, headers: authorization === null ? {} : { authorization } })
  return { status: statusCode, body: await body.json() as { readonly sessions: readonly Readonly<Record<string, string>>[], readonly revoked: number } }
}

t.test('sessions list shows who is signed in, since when and when last seen, and never a token', async (t) => {
  const { rig, redisUrl } = await rigWithRedis(t)
  await signedIn(rig, 'user123')
  const ben = await signedIn(rig, 'rich')
  await signOut(ben)
  await signedIn(rig, 'rich')
  const { code, output } = await sessionsCommand(t, redisUrl, ['list', '--all'])
  t.equal(code, 0)
  const [heading = '', ...rows] = output.trim().split('\n')
  t.match(heading, /^user +session +created +last seen$/)
  t.equal(rows.length, 2, 'a session that was signed out is not listed')
  for (const row of rows) t.match(row, /^\S+ +\S{8} +\d{4}-\d\d-\d\dT\S+Z +\d{4}-\d\d-\d\dT\S+Z$/)
  t.notMatch(output, /refresh_|eyJ|client_rig/)
  t.match((await sessionsCommand(t, redisUrl, ['list', '--user', '12345'])).output, /^12345 /m)
  t.notMatch((await sessionsCommand(t, redisUrl, ['list', '--user', 'nobody'])).output, /12345/)
})

t.test('sessions revoke --user ends every session of that user on every replica, and nobody else\'s (T-94)', async (t) => {
  const { rig, redisUrl } = await rigWithRedis(t)
  const [laptop, phone, ben] = [await signedIn(rig, 'user123'), await signedIn(rig, 'user123'), await signedIn(rig, 'rich')]
  const everywhere = (browser: TestBrowser) => Promise.all(rig.replicas.map(async ({ url }) => (await browser.via(url).fetch('/a', { headers: { accept: 'application/json' } })).status))
  t.strictSame([...await everywhere(laptop), ...await everywhere(phone), ...await everywhere(ben)], [200, 200, 200, 200, 200, 200])
  const { code, output } = await sessionsCommand(t, redisUrl, ['revoke', '--user', '12345'])
  t.equal(code, 0)
  t.match(output, 'ended: 2')
  t.strictSame([...await everywhere(laptop), ...await everywhere(phone)], [401, 401, 401, 401])
  t.strictSame(await everywhere(ben), [200, 200])
  t.match((await sessionsCommand(t, redisUrl, ['revoke', '--all'])).output, 'ended: 1')
  t.strictSame(await everywhere(ben), [401, 401])
})

t.test('sessions that are asked for in a way that is not clear, or cannot be had, are refused with what to do', async (t) => {
  const { redis, redisUrl } = await rigWithRedis(t, 1)
  for (const args of [['list'], ['revoke'], ['revoke', '--user', ''], ['revoke', '--user', 'a', '--all'], ['end', '--all'], []]) t.equal((await sessionsCommand(t, redisUrl, args)).code, 2, args.join(' '))
  await redis.stop()
  const { code, output } = await sessionsCommand(t, redisUrl, ['list', '--all'])
  t.equal(code, 1)
  t.match(output, 'Redis does not answer')
})

t.test('the admin listener lists and ends sessions for who shows its token, and the public one never does', async (t) => {
  const { rig } = await rigWithRedis(t)
  const ada = await signedIn(rig, 'user123')
  const { status, body: { sessions } } = await ask(rig, 'GET', '?user=12345')
  t.equal(status, 200)
  t.match(sessions, [{ user: '12345', created: /Z$/, last_seen: /Z$/ }])
  t.strictSame(Object.keys(sessions[0] ?? {}), ['user', 'session', 'created', 'last_seen'])
  for (const wrong of [null, 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`, token]) {
    for (const method of ['GET', 'DELETE'] as const) t.equal((await ask(rig, method, '?all=true', wrong)).status, 401, String(wrong))
  }
  for (const unclear of ['', '?all=false', '?user=', '?user=a&user=b', '?user=a&all=true']) t.equal((await ask(rig, 'DELETE', unclear)).status, 400, unclear)
  t.equal((await open(ada, '/a')).status, 200, 'nothing was ended by any of these')

  const seen = rig.upstream.seen.length
  for (const path of ['/sessions?all=true', '/oauth2/sessions?all=true']) {
    const { statusCode, body } = await request(`${rig.url}${path}`, { method: 'DELETE', headers: { host: 'gw.test', authorization: `Bearer ${token}` } })
    t.ok([401, 404].includes(statusCode))
    await body.dump()
  }
  t.equal(rig.upstream.seen.length, seen)
  t.equal((await open(ada, '/a')).status, 200)

  t.strictSame((await ask(rig, 'DELETE', '?user=12345')).body, { revoked: 1 })
  t.match(rig.logged(), '"audit":"sessions_revoked"')
  t.notMatch(rig.logged(), token)
  t.equal((await ada.fetch('/a', { headers: { accept: 'application/json' } })).status, 401)
})

t.test('with Redis away the admin listener says so, and when to ask again; back, it answers', async (t) => {
  const { rig, redis } = await rigWithRedis(t, 1)
  await signedIn(rig, 'user123')
  await redis.stop()
  for (const [method, query] of [['GET', '?all=true'], ['GET', '?user=12345'], ['DELETE', '?all=true'], ['DELETE', '?user=12345']] as const) {
    const { statusCode, headers, body } = await request(`${rig.adminUrl}/sessions${query}`, { method, headers: { authorization: `Bearer ${token}` } })
    t.equal(statusCode, 503)
    t.ok(Number(headers['retry-after']) > 0)
    const text = await body.text()
    t.match(JSON.parse(text), { error: 'session_store_unavailable', message: /store does not answer/ })
    t.notMatch(text, /ECONN|127\.0\.0\.1|ioredis/i)
  }
  t.equal((await ask(rig, 'GET', '?all=true', null)).status, 401, 'and a stranger is told nothing')
  await redis.start()
  await until(async () => (await ask(rig, 'GET', '?user=12345')).status === 200)
  t.strictSame((await ask(rig, 'DELETE', '?user=12345')).body, { revoked: 1 })
})

t.test('without admin.token there is no session administration, and one that can be guessed is refused', async (t) => {
  const rig = await startRig(t)
  t.equal((await ask(rig, 'GET', '?all=true')).status, 404)
  await t.rejects(loadConfig({ env: { GATEWAY_ADMIN_TOKEN: 'short' } }), { message: /admin\.token: must be at least 16/ })
})

/** A WebSocket and an event stream of this browser, at this replica. */
async function heldOpen (rig: Rig, browser: TestBrowser, port: number) {
  const accepting = new WebSocketServer({ server: rig.upstream.server })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host: 'gw.test', cookie: browser.cookieHeader() } })
  await once(socket, 'open')
  const closed = once(socket, 'close').then(([code]) => Number(code))
  const { body } = await request(`http://127.0.0.1:${port}/events`, { headers: { host: 'gw.test', cookie: browser.cookieHeader() } })
  const ended = new Promise<void>((resolve) => { body.on('error', () => resolve()).on('end', resolve).resume() })
  return { closed, ended, close: () => accepting.close() }
}

const endings: Readonly<Record<string, (rig: Rig, browser: TestBrowser) => Promise<unknown>>> = {
  'signs out at another replica': (_rig, browser) => signOut(browser),
  'is ended by an operator at another replica': (rig) => ask(rig, 'DELETE', '?user=12345'),
  'is refused by AIHubMix at another replica': async (rig, browser) => {
    rig.emulator.grants.revoke('user123')
    rig.emulator.clock.advance('31s')
    await until(async () => (await browser.fetch('/a', { headers: { accept: 'application/json' } })).status === 401)
  }
}

for (const [what, end] of Object.entries(endings)) {
  t.test(`a user who ${what} loses what is open here: the WebSocket with 1008, the event stream at once (T-124)`, async (t) => {
    const redis = await startRedis()
    t.after(() => redis.close())
    const rig = await startRig(t, {
      replicas: 2,
      redisUrl: redis.url,
      config: { admin: { token } },
      upstream (request, response) {
        if (request.url === '/events') response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
        else response.end()
      }
    })
    const ada = await signedIn(rig, 'user123')
    const { closed, ended } = await heldOpen(rig, ada, rig.replicas[1]?.port ?? 0)
    await end(rig, ada)
    t.equal(await closed, 1008)
    await ended
  })
}

t.test('a session whose absolute or idle life runs out loses what is open, though bytes still pass (T-95, T-124)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  for (const session of [{ maxAge: '2s', idleTimeout: '2s' }, { maxAge: '1h', idleTimeout: '2s' }]) {
    const rig = await startRig(t, {
      redisUrl: redis.url,
      config: { session: { keys: [sessionKey], redis: { url: redis.url }, ...session } },
      upstream (_request, response) { response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n') }
    })
    const ada = await signedIn(rig, 'user123')
    const { closed, ended } = await heldOpen(rig, ada, rig.port)
    t.equal(await closed, 1008)
    await ended
  }
})
