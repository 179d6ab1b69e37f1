import t from 'tap'
import type { BrowserAnswer, TestBrowser } from '../rig/browser.ts'
import { publicUrl } from '../rig/browser.ts'
import { startRig, type Rig } from '../rig/rig.ts'
import { beginSignIn, callbackOf, navigation, sessionCookie } from './attempt.ts'

type Teardown = Parameters<typeof startRig>[0]

const attacker = '198.51.100.66'

/** The budget as it comes: 450 calls in 3 minutes. Browsers of several addresses come through a trusted proxy. */
async function startDoor (t: Teardown): Promise<Rig> {
  const rig = await startRig(t, { config: { server: { publicUrl, trustedProxies: ['127.0.0.1'] } } })
  rig.emulator.clock.freeze()
  return rig
}

const from = (address: string) => ({ ...navigation, 'x-forwarded-for': address })

/** Begins a sign-in as anybody can, and comes back with a code of one's own making. */
async function comeBack (rig: Rig, address: string, code = 'made-up', browser = rig.newBrowser()): Promise<BrowserAnswer> {
  const { state } = await beginSignIn(browser)
  return await browser.fetch(`/oauth2/callback?${new URLSearchParams({ code, state })}`, { headers: from(address) })
}

interface Person {
  readonly browser: TestBrowser
  readonly status: number
  readonly retryAfter: unknown
}

async function signInFrom (rig: Rig, address: string, username: string): Promise<Person> {
  const browser = rig.newBrowser()
  const { status, headers } = await browser.fetch(callbackOf(rig, await beginSignIn(browser), username), { headers: from(address) })
  return { browser, status, retryAfter: headers['retry-after'] }
}

async function crowd (rig: Rig, people: number, addressOf: (index: number) => string): Promise<readonly Person[]> {
  return await Promise.all(Array.from({ length: people }, async (_one, index) => {
    rig.emulator.users.set(`user-${index}`, {})
    return await signInFrom(rig, addressOf(index), `user-${index}`)
  }))
}

async function statusesOf (browsers: readonly Person[]): Promise<readonly number[]> {
  return await Promise.all(browsers.map(async ({ browser }) => (await browser.fetch('/a', { headers: navigation })).status))
}

/** `times` answers one after the other in `lanes` at once. */
async function attack (times: number, answer: (index: number) => Promise<BrowserAnswer>, lanes = 20): Promise<readonly BrowserAnswer[]> {
  const answers: BrowserAnswer[] = []
  let next = 0
  await Promise.all(Array.from({ length: lanes }, async () => { while (next < times) answers.push(await answer(next++)) }))
  return answers
}

t.test('1,000 made-up codes of one client take a tenth of the budget: 50 people\'s tokens are renewed meanwhile, and a stranger signs in', async (t) => {
  const rig = await startDoor(t)
  const people = await crowd(rig, 50, (index) => `203.0.113.${index}`)
  t.same(new Set(people.map(({ status }) => status)), new Set([303]))
  rig.emulator.clock.advance('2h1m') // every access token has run out: each of them needs AIHubMix before it is served
  const before = rig.emulator.count('authorization_code')

  const answers = await attack(1_000, () => comeBack(rig, attacker))
  const refused = answers.filter(({ status }) => status === 429)
  t.equal(rig.emulator.count('authorization_code') - before, 45)
  t.equal(refused.length, 955)
  for (const { headers, text, setCookies } of refused.slice(0, 1)) {
    const seconds = Number(headers['retry-after'])
    t.ok(seconds >= 1 && seconds <= 180, `in ${seconds} s there is another try`)
    t.match(text, 'too_many_requests')
    t.match(text, 'href="/oauth2/sign_in?rd=%2F"', 'with the way to begin anew')
    t.notOk(setCookies.some((line) => line.startsWith(`${sessionCookie}=`)))
  }

  t.same(new Set(await statusesOf(people)), new Set([200]), 'nobody is signed out, and nobody met an error')
  t.equal(rig.emulator.count('refresh_token'), 50)
  t.equal((await signInFrom(rig, '203.0.113.200', 'user123')).status, 303)
  t.equal((await comeBack(rig, attacker)).status, 429)
})

t.test('from however many addresses, made-up codes take half of the budget: no session waits for them, and a stranger is told when to try again', async (t) => {
  const rig = await startDoor(t)
  const people = await crowd(rig, 50, (index) => `203.0.113.${index}`)
  rig.emulator.clock.advance('2h1m')
  const before = rig.emulator.count('authorization_code')

  await attack(400, (index) => comeBack(rig, `2001:db8:${index.toString(16)}::1`))
  t.ok(rig.emulator.count('authorization_code') - before <= 225)
  t.same(new Set(await statusesOf(people)), new Set([200]))
  t.equal(rig.emulator.count('refresh_token'), 50)

  const browser = rig.newBrowser()
  const stranger = await browser.fetch(callbackOf(rig, await beginSignIn(browser)), { headers: from('203.0.113.200') })
  t.equal(stranger.status, 503)
  t.match(stranger.text, 'provider_busy')
  const seconds = Number(stranger.headers['retry-after'])
  t.ok(seconds >= 1 && seconds <= 180)
  rig.emulator.clock.advance(seconds * 1000)
  t.equal((await signInFrom(rig, '203.0.113.200', 'user123')).status, 303, 'and then it is so')
})

t.test('the addresses of one IPv6 network are one client, and X-Forwarded-For of who is no proxy is nobody\'s word', async (t) => {
  const rig = await startDoor(t)
  const answers = await attack(60, (index) => comeBack(rig, `2001:db8:0:1:${index.toString(16)}::1`))
  t.equal(answers.filter(({ status }) => status === 429).length, 15)
  t.not((await comeBack(rig, '2001:db8:0:2::1')).status, 429)

  const open = await startRig(t)
  const direct = await attack(60, (index) => comeBack(open, `203.0.113.${index}`))
  t.equal(direct.filter(({ status }) => status === 429).length, 15)
})

t.test('colleagues behind one address sign in, however many they are: who does counts for nothing', async (t) => {
  const rig = await startDoor(t)
  const people: number[] = []
  for (let group = 0; group < 8; group++) {
    people.push(...(await crowd(rig, 12, () => '203.0.113.1')).map(({ status }) => status))
    rig.emulator.clock.advance('1m')
  }
  t.same([people.length, new Set(people)], [96, new Set([303])])
})

t.test('a crowd behind one address that comes in one moment is told to come again in two seconds, and then signs in', async (t) => {
  const rig = await startDoor(t)
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'authorization_code', args: { headers_ms: 4_000 } })
  const people = await crowd(rig, 70, () => '203.0.113.1')
  rig.emulator.faults.clear()
  t.equal(people.filter(({ status }) => status === 303).length, 45)
  const late = people.filter(({ status }) => status === 429)
  t.same([late.length, new Set(late.map(({ retryAfter }) => retryAfter))], [25, new Set(['2'])])
  t.same(new Set((await crowd(rig, 25, () => '203.0.113.1')).map(({ status }) => status)), new Set([303]))
})

t.test('who has an account cannot take everybody\'s sign-ins with it either', async (t) => {
  const rig = await startDoor(t)
  const statuses: number[] = []
  for (let time = 0; time < 60; time++) statuses.push((await signInFrom(rig, attacker, 'user123')).status)
  t.same([statuses.filter((status) => status === 303).length, statuses.filter((status) => status === 429).length], [50, 10])
  t.equal((await signInFrom(rig, '203.0.113.200', 'rich')).status, 303)
})

t.test('who is signed in and comes back too often stays signed in', async (t) => {
  const rig = await startDoor(t)
  const { browser } = await signInFrom(rig, attacker, 'user123')
  await attack(45, () => comeBack(rig, attacker))
  const { status, setCookies } = await comeBack(rig, attacker, 'made-up', browser)
  t.equal(status, 429)
  t.notOk(setCookies.some((line) => line.startsWith(`${sessionCookie}=`)))
  t.equal((await browser.fetch('/a', { headers: navigation })).status, 200)
})

t.test('an outage of AIHubMix counts against nobody', async (t) => {
  const rig = await startDoor(t)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'authorization_code', args: { code: 503 } })
  const answers = await attack(80, () => comeBack(rig, '203.0.113.1'))
  t.same(new Set(answers.map(({ status }) => status)), new Set([503]))
  rig.emulator.faults.clear()
  rig.emulator.clock.advance('1m')
  t.equal((await signInFrom(rig, '203.0.113.1', 'user123')).status, 303)
})
