import t from 'tap'
import { navigation, open, signInTo } from '../login/attempt.ts'
import type { BrowserAnswer, TestBrowser } from '../rig/browser.ts'
import { sendRaw } from '../rig/raw.ts'
import { startRig, type Rig, type RigOptions } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'

const program = { accept: 'application/json', 'sec-fetch-mode': 'cors' }

/** Everything open to who is signed in, but `/paid`, which asks for a balance. */
async function startPaid (t: Parameters<typeof startRig>[0], rule: object = { minBalance: '0.03' }, options: RigOptions = {}): Promise<Rig> {
  const app = await startUpstream(options.upstream)
  t.after(() => app.close())
  const rig = await startRig(t, { ...options, config: { ...options.config, routes: [{ upstream: app.url }, { path: '/paid', upstream: app.url, ...rule }] } })
  return { ...rig, upstream: app }
}

async function signedIn (rig: Rig, username: string): Promise<TestBrowser> {
  const browser = rig.newBrowser()
  await signInTo(rig, browser, '/', username)
  return browser
}

async function asProgram (browser: TestBrowser, address = '/paid'): Promise<BrowserAnswer> {
  return await browser.fetch(address, { headers: program })
}

t.test('below the minimum a person gets a page with balance, age and the way to top up; the app sees nothing', async (t) => {
  const rig = await startPaid(t)
  const poor = await signedIn(rig, 'poor')
  rig.emulator.clock.advance('1s')
  const { status, text, headers } = await open(poor, '/paid/x?y=1&z=2')
  t.equal(status, 402)
  t.match(text, 'id="balance">0.02<')
  t.match(text, 'Read 1 second ago.')
  t.match(text, 'At least 0.03 is needed here.')
  t.match(text, '<a class="button" href="/oauth2/topup">')
  t.match(text, 'href="/paid/x?y=1&amp;z=2"', 'and back to where the person was')
  t.equal(headers['cache-control'], 'no-store')
  t.equal(headers['refresh'], undefined, 'nothing is awaited yet')
  t.equal(rig.upstream.seen.length, 0)
  t.equal((await open(poor, '/free')).status, 200, 'other routes are open')
})

for (const [lang, told] of [['zh-Hant', '餘額不足'], ['zh-Hans', '余额不足'], ['en', 'balance is too low']] as const) {
  t.test(`the page speaks ${lang}`, async (t) => {
    const rig = await startPaid(t)
    const { text } = await (await signedIn(rig, 'poor')).fetch('/paid', { headers: { ...navigation, 'accept-language': lang } })
    t.match(text, `<html lang="${lang}">`)
    t.match(text, told)
  })
}

t.test('below the minimum a program gets 402 and where to top up', async (t) => {
  const rig = await startPaid(t)
  const answer = await asProgram(await signedIn(rig, 'poor'))
  t.equal(answer.status, 402)
  t.match(answer.json(), { error: 'balance_too_low', topup_url: 'https://gw.test/oauth2/topup', balance: '0.02', min_balance: '0.03', message: String, request_id: /^[0-9a-f]{32}$/ })
  t.equal(answer.headers['cache-control'], 'no-store')
  t.notMatch(answer.text + JSON.stringify(answer.headers), /eyJ|refresh_/)
  t.equal(rig.upstream.seen.length, 0)
})

t.test('exactly the minimum is enough, and a hair below is not', async (t) => {
  for (const [minBalance, status] of [['0.02', 200], ['0.020', 200], ['0.020000000001', 402], ['0', 200]] as const) {
    const rig = await startPaid(t, { minBalance })
    t.equal((await asProgram(await signedIn(rig, 'poor'))).status, status, minBalance)
  }
})

t.test('a debt is below 0, and 0 is not', async (t) => {
  const rig = await startPaid(t, { minBalance: '0' })
  t.equal((await asProgram(await signedIn(rig, 'debt'))).status, 402)
  t.equal((await asProgram(await signedIn(rig, 'zero'))).status, 200)
})

for (const [how, balance] of [['absent', undefined], ['null', null], ['empty', ''], ['a number, not a text', 0], ['unreadable', '1e9'], ['words', 'unlimited']] as const) {
  t.test(`a balance that is ${how} is not known: it passes, and blocks only where the route says so`, async (t) => {
    const emulator = { users: [{ username: 'odd', balance_formatted: balance }] }
    for (const [onUnknown, status] of [['pass', 200], ['block', 402]] as const) {
      const rig = await startPaid(t, { minBalance: '1', onUnknown })
      for (const { username, ...fields } of emulator.users) rig.emulator.users.set(username, fields)
      t.equal((await asProgram(await signedIn(rig, 'odd'))).status, status, onUnknown)
    }
  })
}

t.test('who granted no balance is not taken for somebody without money', async (t) => {
  const passing = await startPaid(t)
  t.equal((await asProgram(await signedIn(passing, 'scoped'))).status, 200)
  t.strictSame(passing.upstream.valuesOf('X-User-Balance'), [])
  const blocking = await startPaid(t, { minBalance: '1', onUnknown: 'block' })
  const scoped = await signedIn(blocking, 'scoped')
  t.match((await asProgram(scoped)).json(), { error: 'balance_too_low', balance: null })
  t.match((await open(scoped, '/paid')).text, /id="balance">not known</)
})

t.test('a balance that rose since it was read turns nobody away: it is read again first', async (t) => {
  const rig = await startPaid(t)
  const poor = await signedIn(rig, 'poor')
  rig.emulator.users.set('poor', { balance_formatted: '5.00' })
  t.equal((await asProgram(poor)).status, 402, 'read a moment ago: not asked again')
  rig.emulator.clock.advance('3s')
  t.equal((await asProgram(poor)).status, 200)
  t.strictSame(rig.upstream.valuesOf('X-User-Balance'), ['5.00'])
  t.equal(rig.emulator.count('userinfo'), 2)
})

t.test('many requests that are turned away ask AIHubMix once in two seconds', async (t) => {
  const rig = await startPaid(t)
  const poor = await signedIn(rig, 'poor')
  for (const readings of [2, 3]) {
    rig.emulator.clock.advance('3s')
    const answers = await Promise.all(Array.from({ length: 40 }, () => asProgram(poor)))
    t.ok(answers.every(({ status }) => status === 402))
    t.equal(rig.emulator.count('userinfo'), readings)
  }
})

t.test('while AIHubMix is away the last balance decides, and nobody is signed out', async (t) => {
  const rig = await startPaid(t, { minBalance: '1' }, { config: { aihubmix: { timeout: '300ms' } } })
  const [poor, rich] = [await signedIn(rig, 'poor'), await signedIn(rig, 'rich')]
  rig.emulator.faults.set({ kind: 'reset_connection' })
  rig.emulator.clock.advance('1m')
  const answer = await asProgram(poor)
  t.equal(answer.status, 402)
  t.strictSame(answer.setCookies, [])
  t.equal((await asProgram(rich)).status, 200)
  rig.emulator.faults.clear()
  t.equal((await open(poor, '/free')).status, 200)
})

t.test('a session that turns out to be over is led to sign in, not to pay', async (t) => {
  const rig = await startPaid(t)
  const poor = await signedIn(rig, 'poor')
  rig.emulator.users.set('poor', { status: 2 })
  rig.emulator.clock.advance('3s')
  t.equal((await asProgram(poor)).status, 401)
})

t.test('below warnBalance the app and the client are told so, each once, and above it nobody is', async (t) => {
  const rig = await startPaid(t, { warnBalance: '5' })
  const header = 'x-user-balance-low'
  const forged = { headers: { ...program, 'X-User-Balance-Low': 'forged', x_user_balance_low: 'forged' } }
  const low = await (await signedIn(rig, 'poor')).fetch('/paid', forged)
  t.equal(low.headers[header], 'true')
  t.strictSame(rig.upstream.valuesOf(header), ['true'])
  for (const [username, address] of [['rich', '/paid'], ['poor', '/free'], ['scoped', '/paid']] as const) {
    const { headers } = await (await signedIn(rig, username)).fetch(address, forged)
    t.equal(headers[header], undefined, username)
    t.strictSame(rig.upstream.valuesOf(header), [], username)
  }
})

t.test('an app cannot warn in our name', async (t) => {
  const rig = await startPaid(t, {}, { upstream: (_request, response) => { response.setHeader('X-User-Balance-Low', 'app').end() } })
  t.equal((await asProgram(await signedIn(rig, 'poor'))).headers['x-user-balance-low'], undefined)
})

t.test('a WebSocket asks for the same balance', async (t) => {
  const rig = await startPaid(t)
  const poor = await signedIn(rig, 'poor')
  const handshake = ['GET /paid HTTP/1.1', 'Host: gw.test', `Cookie: ${poor.cookieHeader()}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', '']
  t.equal((await sendRaw(rig.port, handshake.join('\r\n'))).status, 402)
  t.equal(rig.upstream.seen.length, 0)
})

t.test('the way to top up: the page waits, looks again by itself, later each time, and goes on when the money is there', async (t) => {
  const rig = await startPaid(t)
  const poor = await signedIn(rig, 'poor')
  await open(poor, '/oauth2/topup')
  const waiting = await open(poor, '/paid')
  t.equal(waiting.status, 402)
  t.match(waiting.text, /<h1>Waiting for your top-up<\/h1>/)
  t.match(waiting.text, 'no need to pay a second time')
  t.match(waiting.text, /<a class="button" href="\/paid">/, 'the first thing to press is not to pay again')
  t.equal(waiting.headers['refresh'], '3')
  t.equal((await asProgram(poor)).headers['retry-after'], '3')
  rig.emulator.clock.advance('5m')
  t.match((await open(poor, '/paid')).headers['refresh'], /^3[0-9]$/)
  rig.emulator.users.set('poor', { balance_formatted: '10.02' })
  rig.emulator.clock.advance('3s')
  t.equal((await open(poor, '/paid')).status, 200)
})

t.test('a credit that comes too late is never called failed, and a form is not sent again by itself', async (t) => {
  const rig = await startPaid(t)
  const poor = await signedIn(rig, 'poor')
  await open(poor, '/oauth2/topup')
  const posted = await poor.fetch('/paid', { method: 'POST', headers: navigation })
  t.equal(posted.status, 402)
  t.equal(posted.headers['refresh'], undefined)
  rig.emulator.clock.advance('11m')
  const late = await open(poor, '/paid')
  t.match(late.text, /not here yet/)
  t.match(late.text, /do not pay a second time/)
  t.notMatch(late.text, /fail|unsuccessful|went wrong/i)
  t.equal(late.headers['refresh'], undefined)
  rig.emulator.users.set('poor', { balance_formatted: '10.02' })
  rig.emulator.clock.advance('3s')
  t.equal((await open(poor, '/paid')).status, 200)
})

t.test('a credit that is not enough ends the waiting and says what is there now', async (t) => {
  const rig = await startPaid(t, { minBalance: '100' })
  const poor = await signedIn(rig, 'poor')
  await open(poor, '/oauth2/topup')
  rig.emulator.users.set('poor', { balance_formatted: '10.02' })
  rig.emulator.clock.advance('3s')
  const { text, headers } = await open(poor, '/paid')
  t.match(text, 'id="balance">10.02<')
  t.notMatch(text, 'id="wait"')
  t.equal(headers['refresh'], undefined)
})

t.test('while a top-up is awaited AIHubMix is asked less and less often', async (t) => {
  const rig = await startPaid(t, {}, { config: { identity: { maxAge: '1h', maxStale: '3h' } } })
  const ada = await signedIn(rig, 'user123')
  await open(ada, '/oauth2/topup')
  for (let seconds = 0; seconds < 600; seconds++) {
    rig.emulator.clock.advance('1s')
    await open(ada, '/free') // on a busy machine the clock overtakes a reading that runs beside it, so there are fewer
  }
  const readings = rig.emulator.count('userinfo')
  t.ok(readings > 5 && readings < 80, `${readings} readings in 10 minutes`)
})
