import t from 'tap'
import { open, signInTo } from '../../login/attempt.ts'
import { freePort } from '../../rig/redis.ts'
import { timed, until } from '../../rig/until.ts'
import { codeOf, metric, only, out, refused, reread, signedIn, startWorld, told } from './world.ts'

t.test('V-31 401 on userinfo with a token that has not expired: one refresh, one more reading, then out; a new token that works goes on', async (t) => {
  const world = await startWorld(t)
  const { emulator } = world.rig
  const ada = await signedIn(world)
  emulator.faults.set({ kind: 'expire_access_now' })
  emulator.users.set('user123', { balance_formatted: '3.00' })
  emulator.clock.advance('31s')
  await until(async () => await told(world, ada, 'X-User-Balance') === '3.00')
  t.equal(emulator.count('refresh_token'), 1)
  const reads = emulator.count('userinfo')
  emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 401 } })
  await out(world, ada)
  t.same([emulator.count('refresh_token'), emulator.count('userinfo')], [2, reads + 2])
  t.match(world.rig.logged(), /"end":"access_token_revoked"/)
  t.equal(await metric(world, 'sessions_ended_total', { reason: 'access_token_revoked' }), 1)
  t.equal(await metric(world, 'userinfo_reads_total', { outcome: 'invalid_token' }), 3)
})

t.test('V-32 403 on userinfo: a page at the sign-in, the session ends without a refresh', async (t) => {
  const world = await startWorld(t)
  only(world, { kind: 'status', endpoint: 'userinfo', args: { code: 403, body: 'envelope', message: 'Account suspended.' } })
  await refused(world, 403, 'provider_refused')
  const ada = await signedIn(world)
  only(world, { kind: 'status', endpoint: 'userinfo', args: { code: 403 } })
  await out(world, ada)
  t.equal(world.rig.emulator.count('refresh_token'), 0)
  t.equal(await metric(world, 'sessions_ended_total', { reason: 'provider_refused' }), 1)
})

t.test('V-33 404: no top-up is said as such and the rest works; no userinfo lets nobody new in and nobody out', async (t) => {
  const world = await startWorld(t)
  const ada = await signedIn(world)
  only(world, { kind: 'status', endpoint: 'topup', args: { code: 404, body: 'html' } })
  const page = await open(ada, '/oauth2/topup')
  t.same([page.status, codeOf(page)], [502, 'topup_unavailable'])
  t.equal((await open(ada, '/a')).status, 200)
  t.equal(await metric(world, 'error_answers_total', { code: 'topup_unavailable' }), 1)
  only(world, { kind: 'status', endpoint: 'userinfo', args: { code: 404, body: 'html' } })
  await refused(world, 502, 'provider_bad_response')
  const bob = await signedIn(world, 'rich')
  only(world, { kind: 'status', endpoint: 'userinfo', args: { code: 404, body: 'html' } })
  await reread(world, bob)
  t.equal((await open(bob, '/a')).status, 200)
})

t.test('V-34 429: AIHubMix is left alone as long as it says, for all users; who is signed in notices nothing, who wants in is told when', async (t) => {
  const world = await startWorld(t)
  const { emulator } = world.rig
  const [ada, bob] = [await signedIn(world), await signedIn(world, 'rich')]
  const openings = (): number => world.rig.logged().split('had too many calls').length
  for (const [retryAfter, seconds] of [[90, 90], ['date', 60], [999_999, 300], [undefined, null], ['soon', null]] as const) {
    only(world)
    for (const browser of [ada, bob]) await reread(world, browser)
    const value = retryAfter === 'date' ? new Date(Date.now() + 60_000).toUTCString() : retryAfter
    emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 429, body: 'empty', ...(value === undefined ? {} : { retry_after: value }) } })
    emulator.clock.freeze()
    const opened = openings()
    await reread(world, ada)
    await until(() => openings() > opened)
    const before = emulator.count('userinfo')
    for (const browser of [ada, bob]) for (let click = 0; click < 5; click++) t.equal((await open(browser, '/a')).status, 200)
    t.equal(emulator.count('userinfo'), before, `nobody asks again: ${retryAfter}`)
    const page = await signInTo(world.rig, world.rig.newBrowser())
    const told = Number(page.headers['retry-after'])
    t.same([page.status, codeOf(page)], [503, 'provider_busy'])
    if (seconds === null) t.ok(told >= 1 && told <= 30, `${told} s`)
    else t.ok(told > seconds - 10 && told <= seconds, `${told} of ${seconds} s`)
  }
  t.ok(await metric(world, 'provider_calls_spared_total', { call: 'userinfo' }) > 0)
})

t.test('V-35 AIHubMix away: who is signed in goes on for maxStale, nobody new gets in, and a page says so', async (t) => {
  const world = await startWorld(t)
  const { emulator } = world.rig
  for (const fault of [{ kind: 'status', args: { code: 500, body: 'empty' } }, { kind: 'status', args: { code: 503, body: 'html' } }, { kind: 'reset_connection' }, { kind: 'hang' }] as const) {
    const ada = await signedIn(world)
    only(world, { ...fault, endpoint: 'userinfo' }, { ...fault, endpoint: 'token' })
    await refused(world, 503, 'provider_unavailable')
    t.equal((await open(ada, '/a')).status, 200)
    emulator.clock.advance('3m50s')
    t.equal((await open(ada, '/a')).status, 200, 'a moment before maxStale')
    emulator.clock.advance('11s')
    const page = await open(ada, '/a')
    t.same([page.status, codeOf(page)], [503, 'renewal_unavailable'])
    t.ok(Number(page.headers['retry-after']) > 0)
    only(world)
    t.equal((await open(ada, '/a')).status, 200, 'still signed in')
  }
  t.ok(await metric(world, 'userinfo_reads_total', { outcome: 'unavailable' }) > 0)
  t.match(world.rig.logged(), /"audit":"renewal_failed","user":"12345","code":"provider_unavailable"/)
})

t.test('V-35 refused, unknown name, no TLS: nobody new gets in, and a page says so', async (t) => {
  const { rig: { emulator } } = await startWorld(t)
  for (const serverUrl of [`http://127.0.0.1:${await freePort()}`, 'https://aihubmix.invalid', emulator.url.replace('http:', 'https:')]) {
    await refused(await startWorld(t, { config: { aihubmix: { serverUrl } } }), 503, 'provider_unavailable')
  }
})

t.test('V-36 slow headers and a slow body end at the deadline', async (t) => {
  const world = await startWorld(t, { config: { aihubmix: { timeout: '500ms' } } })
  for (const args of [{ headers_ms: 60_000 }, { body_bytes_per_s: 1 }]) {
    for (const endpoint of ['authorization_code', 'userinfo'] as const) {
      only(world, { kind: 'slow', endpoint, args })
      const { tookMs } = await timed(() => refused(world, 503, 'provider_unavailable'))
      t.ok(tookMs < 10_000, 'and not after a minute')
    }
  }
})
