import { setTimeout as delay } from 'node:timers/promises'
import { scrape } from '../test/telemetry/scrape.ts'
import { open, signInTo } from '../test/login/attempt.ts'
import { startRig } from '../test/rig/rig.ts'

/**
 * A bad minute of AIHubMix: every answer two seconds late, one in ten a 503, while fifty people who are signed in click on. Run with
 * `node bench/brownout.ts [SECONDS]`. Ends with 1 when a session was lost, a request was late, or AIHubMix was called too often.
 */
const seconds = Number(process.argv[2] ?? 60)
const people = 50
/** What a request may take: a renewal it waits for, and no more (aihubmix.timeout). */
const deadlineMs = 10_000
const budget = { requests: 200, window: '1m' }

const undone: (() => unknown)[] = []
const rig = await startRig({ after: (undo) => { undone.push(undo) } }, {
  config: { aihubmix: { clientId: 'client_rig', clientSecret: 'secret_of_the_rig_client', budget }, identity: { maxAge: '5s' } }
})
// A short life, so that refreshes fall into the minute as well.
rig.emulator.faults.set({ kind: 'expires_in', args: { value: 60 } })
const browsers = Array.from({ length: people }, () => rig.newBrowser())
for (const [index, browser] of browsers.entries()) { // one after the other: they share an address
  rig.emulator.users.set(`person-${index}`, {})
  await signInTo(rig, browser, '/', `person-${index}`)
}

const calls = (): number => rig.emulator.count('token') + rig.emulator.count('userinfo') + rig.emulator.count('topup')
rig.emulator.faults.set({ kind: 'slow', args: { headers_ms: 2_000 } })
rig.emulator.faults.set({ kind: 'status', args: { code: 503 }, probability: 0.1 })
const [callsBefore, endsAt] = [calls(), performance.now() + seconds * 1_000]
const statuses = new Map<number, number>()
let [slowestMs, late] = [0, 0]

await Promise.all(browsers.map(async (browser) => {
  while (performance.now() < endsAt) {
    const startedAt = performance.now()
    const { status } = await open(browser, '/a')
    const tookMs = performance.now() - startedAt
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    slowestMs = Math.max(slowestMs, tookMs)
    if (tookMs > deadlineMs) late++
    await delay(200 + Math.random() * 300)
  }
}))

rig.emulator.faults.clear()
const callsMade = calls() - callsBefore
const lost = (await Promise.all(browsers.map(async (browser) => (await open(browser, '/a')).status))).filter((status) => status === 302).length
const { value } = await scrape(rig.adminUrl)
const allowed = budget.requests * Math.ceil(seconds / 60)
console.log(`brownout, ${seconds} s, ${people} signed-in browsers
  answers by status       ${JSON.stringify(Object.fromEntries(statuses))}
  sessions lost           ${lost}
  requests above ${deadlineMs / 1000} s     ${late} (slowest ${Math.round(slowestMs)} ms)
  calls to AIHubMix       ${callsMade} of ${allowed} allowed (${rig.emulator.count('refresh_token')} refreshes)
  calls spared            ${value('provider_calls_spared_total')}`)
for (const undo of undone.toReversed()) await undo()
process.exitCode = lost === 0 && late === 0 && callsMade <= allowed ? 0 : 1
