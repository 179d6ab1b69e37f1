import t from 'tap'
import { createSparing, type Endpoint } from '../../src/aihubmix/sparing.ts'
import { TooManyCalls } from '../../src/aihubmix/exchange.ts'
import type { Urgency } from '../../src/aihubmix/call-budget.ts'
import { AuthorizationServerBadResponse, AuthorizationServerUnavailable, CallSpared } from '../../src/errors.ts'

const away = () => Promise.reject(new AuthorizationServerUnavailable(new Error('HTTP 503')))
const tooMany = (seconds: number | null) => () => Promise.reject(new TooManyCalls(seconds))
const fine = () => Promise.resolve('fine')

function sparingOf (budget = { requests: 10_000, window: 180_000 }) {
  let now = 1_000_000
  const said: string[] = []
  const log = { info: (_details: object, message: string) => { said.push(message) }, warn: (_details: object, message: string) => { said.push(message) } }
  const sparing = createSparing({ budget, now: () => now, random: () => 0.5, log })
  let sent = 0
  return {
    said,
    sent: () => sent,
    wait (ms: number) { now += ms },
    /** The name of what came of the call, and the wait that was named. */
    async outcome (send: () => Promise<unknown>, urgency: Urgency = 'awaited', endpoint: Endpoint = 'userinfo') {
      try {
        return await sparing.call(endpoint, urgency, () => { sent++; return send() })
      } catch (error) {
        return error instanceof CallSpared ? `spared ${error.code} ${error.retryAfterSeconds}` : error instanceof Error ? error.name : ''
      }
    }
  }
}

t.test('an endpoint that does not answer is asked five times, then once at a time and ever more seldom, and is asked again as before when it answers (V-35)', async (t) => {
  const { outcome, wait, sent, said } = sparingOf()
  for (let call = 0; call < 5; call++) t.equal(await outcome(away), 'AuthorizationServerUnavailable')
  for (let call = 0; call < 100; call++) t.equal(await outcome(fine), 'spared provider_unavailable 1')
  t.equal(sent(), 5)
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    wait(pauseMs - 1)
    t.match(await outcome(away), /^spared/, `not before ${pauseMs} ms`)
    wait(1)
    t.equal(await outcome(away), 'AuthorizationServerUnavailable')
  }
  t.equal(sent(), 12)
  wait(30_000)
  t.same(await Promise.all([outcome(fine), outcome(fine), outcome(fine)]), ['fine', 'spared provider_unavailable 1', 'spared provider_unavailable 1'], 'one tries')
  t.equal(await outcome(fine), 'fine')
  t.equal(said.length, 2, 'said once when it began, and once when it was over')
})

t.test('failures that are not in a row, and answers that cannot be used, open nothing', async (t) => {
  const { outcome } = sparingOf()
  for (let round = 0; round < 5; round++) {
    for (let call = 0; call < 4; call++) await outcome(away)
    t.equal(await outcome(() => Promise.reject(new AuthorizationServerBadResponse(null))), 'AuthorizationServerBadResponse')
  }
  t.equal(await outcome(fine), 'fine')
})

t.test('100 calls that fail together count as one opening', async (t) => {
  const { outcome, wait } = sparingOf()
  await Promise.all(Array.from({ length: 100 }, () => outcome(away)))
  wait(1_000)
  t.equal(await outcome(fine), 'fine')
})

t.test('one 429 is enough; the wait it names holds for everybody, one it does not name grows by itself (V-34)', async (t) => {
  const { outcome, wait, sent } = sparingOf()
  t.equal(await outcome(tooMany(90)), 'TooManyCalls')
  for (const urgency of ['sign-in', 'awaited', 1] as const) t.equal(await outcome(fine, urgency), 'spared provider_busy 90')
  wait(89_999)
  t.equal(await outcome(fine, 'sign-in'), 'spared provider_busy 1')
  wait(1)
  t.equal(await outcome(tooMany(null)), 'TooManyCalls')
  wait(1_999)
  t.match(await outcome(fine), /^spared/)
  wait(1)
  t.equal(await outcome(fine), 'fine')
  t.equal(sent(), 3)
})

t.test('somebody who signs in may try where no wait was named: once a second', async (t) => {
  const { outcome, wait } = sparingOf()
  for (let call = 0; call < 8; call++) {
    await outcome(away)
    wait(4_000 * call)
  }
  t.match(await outcome(away, 'awaited'), /^Authorization/)
  t.match(await outcome(fine, 'sign-in'), /^spared/)
  wait(1_000)
  t.match(await outcome(fine, 'awaited'), /^spared/)
  t.equal(await outcome(fine, 'sign-in'), 'fine')
})

t.test('each endpoint fails by itself', async (t) => {
  const { outcome } = sparingOf()
  await outcome(tooMany(60), 'awaited', 'token')
  t.equal(await outcome(fine, 'awaited', 'userinfo'), 'fine')
  t.match(await outcome(fine, 'awaited', 'token'), /^spared/)
})

t.test('a used-up budget is said once a window, and a call it refuses is no probe', async (t) => {
  const { outcome, said, sent, wait } = sparingOf({ requests: 10, window: 60_000 })
  for (let call = 0; call < 50; call++) await outcome(fine)
  t.equal(sent(), 9)
  t.equal(await outcome(fine), 'spared provider_busy 60')
  t.equal(said.length, 1)
  t.equal(await outcome(tooMany(1)), 'spared provider_busy 60')
  t.equal(await outcome(fine, 'sign-in'), 'fine', 'one is kept for who signs in')
  wait(60_001)
  await outcome(tooMany(1))
  wait(1_000)
  t.equal(await outcome(fine), 'fine')
})
