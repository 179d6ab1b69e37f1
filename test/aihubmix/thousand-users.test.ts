import t from 'tap'
import type { TestBrowser } from '../rig/browser.ts'
import { open, signInTo } from '../login/attempt.ts'
import { startRig, type Rig } from '../rig/rig.ts'

t.setTimeout(110_000)

const users = 1_000
const stepSeconds = 6
/** 20 people sign in a minute, until all are there. */
const arrivingPerStep = 2
const minutesWithAll = 14
const steps = users / arrivingPerStep + minutesWithAll * 60 / stepSeconds
/** Everybody clicks every three minutes while people arrive, and every minute then. */
const stepsBetweenClicks = (step: number): number => step < users / arrivingPerStep ? 30 : 10

/** The most calls that reached AIHubMix in any three minutes. */
function busiestWindow ({ emulator }: Rig): number {
  const times = emulator.requests.filter(({ path }) => /\/oauth2\/(token|userinfo|topup)$/.test(path)).map(({ at }) => at)
  let from = 0
  return times.reduce((most, at, index) => {
    while ((times[from] ?? at) <= at - 180_000) from++
    return Math.max(most, index - from + 1)
  }, 0)
}

t.test('1,000 people who click every minute stay signed in behind one address that AIHubMix lets call 480 times in 3 minutes (F-50, F-51)', async (t) => {
  const rig = await startRig(t)
  const { emulator } = rig
  emulator.clock.freeze()
  emulator.faults.set({ kind: 'rate_limit', args: { n: 480, window_seconds: 180 } })
  emulator.faults.set({ kind: 'expires_in', args: { value: 3_600 } }) // so that refreshes are a part of the load
  const statuses = new Map<number, number>()
  const signIns = new Map<number, number>()
  const browsers: TestBrowser[] = []

  const arrive = async (): Promise<void> => {
    const [browser, username] = [rig.newBrowser(), `user-${browsers.length}`]
    browsers.push(browser)
    emulator.users.set(username, {})
    const { status } = await signInTo(rig, browser, '/', username)
    signIns.set(status, (signIns.get(status) ?? 0) + 1)
  }
  const click = async (browser: TestBrowser): Promise<void> => {
    const { status } = await open(browser, '/a')
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }

  for (let step = 0; step < steps; step++) {
    const between = stepsBetweenClicks(step)
    await Promise.all(browsers.filter((_browser, index) => index % between === step % between).map(click))
    for (let arriving = 0; arriving < arrivingPerStep && browsers.length < users; arriving++) await arrive()
    emulator.clock.advance(stepSeconds * 1000)
  }

  const reads = emulator.count('userinfo') - users
  const refreshes = emulator.count('refresh_token')
  t.comment(`${users} users, ${steps * stepSeconds / 60} minutes: answers ${JSON.stringify([...statuses])}; ${reads} reads, ${refreshes} refreshes; at most ${busiestWindow(rig)} calls in 3 minutes; ${emulator.count('rate_limited')} refused by AIHubMix`)
  t.same([...signIns], [[303, users]], 'everybody got in, at the first try')
  t.same([...statuses.keys()], [200], 'nobody was signed out, and nobody met an error')
  t.equal(emulator.count('rate_limited'), 0, 'AIHubMix had to refuse nothing')
  t.ok(busiestWindow(rig) <= 450, 'the calls stay inside the budget')
  t.ok(reads > 3 * users && refreshes > users / 10, 'and everybody was looked after')
})
