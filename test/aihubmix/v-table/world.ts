import type { Test } from 'tap'
import type { Fault } from '../../../src/emulator/emulator.ts'
import { open, sessionCookie, signInTo } from '../../login/attempt.ts'
import type { BrowserAnswer, TestBrowser } from '../../rig/browser.ts'
import { startRig, type Rig, type RigOptions } from '../../rig/rig.ts'
import { until } from '../../rig/until.ts'
import { startUpstream } from '../../rig/upstream.ts'
import { scrape } from '../../telemetry/scrape.ts'

/** The whole gateway before an AIHubMix of which a row says how it answers, and what is then seen on three sides. */
export interface World {
  readonly rig: Rig
  readonly t: Test
}

export async function startWorld (t: Test, options: RigOptions = {}): Promise<World> {
  const rig = await startRig(t, { ...options, config: { ...options.config, aihubmix: { clientId: 'client_rig', clientSecret: 'secret_of_the_rig_client', timeout: '2s', ...Object(options.config?.['aihubmix']) } } })
  return { rig, t }
}

/** The same with an app at `/paid` that asks for a balance. */
export async function startPaidWorld (t: Test, rule: object): Promise<World> {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const world = await startWorld(t, { config: { routes: [{ upstream: upstream.url }, { path: '/paid', upstream: upstream.url, ...rule }] } })
  return { ...world, rig: { ...world.rig, upstream } }
}

/** From now on these faults alone are in force, and what AIHubMix had enough of before is forgotten. */
export function only ({ rig: { emulator } }: World, ...faults: readonly Fault[]): void {
  emulator.faults.clear()
  emulator.clock.advance('6m')
  faults.forEach(emulator.faults.set)
}

export async function metric ({ rig }: World, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  return (await scrape(rig.adminUrl)).value(name, labels)
}

/** The code an error page shows. */
export function codeOf ({ text }: BrowserAnswer): string {
  return /<dd>([a-z]+(?:_[a-z]+)+)<\/dd>/.exec(text)?.[1] ?? 'none'
}

/** Signs in and expects the app to hear of this user. */
export async function accepted (world: World, id = '12345', username = 'user123'): Promise<TestBrowser> {
  const { rig, t } = world
  const before = await metric(world, 'sign_ins_total', { outcome: 'success' })
  const browser = rig.newBrowser()
  const callback = await signInTo(rig, browser, '/', username)
  t.equal(callback.status, 303, `${callback.status} ${codeOf(callback)}`)
  t.equal((await open(browser, '/a')).status, 200)
  t.same(rig.upstream.valuesOf('X-User-Id'), [id])
  t.equal(await metric(world, 'sign_ins_total', { outcome: 'success' }), before + 1)
  return browser
}

/** Signs in and expects a page with this code, no session, nothing of what AIHubMix wrote, a line in the log and one in the metric. */
export async function refused (world: World, status: number, code: string, username = 'user123'): Promise<void> {
  const { rig, t } = world
  const before = await metric(world, 'sign_ins_total', { outcome: code })
  const lines = rig.logged().split(`"code":"${code}"`).length
  const browser = rig.newBrowser()
  const page = await signInTo(rig, browser, '/', username)
  t.same([page.status, codeOf(page)], [status, code])
  t.match(page.text, /request id/i)
  t.notMatch(page.text, /無|one_api|Just a moment|refresh_|eyJ/, 'nothing of AIHubMix is shown')
  t.notOk(browser.cookies.has(sessionCookie), 'nobody is signed in')
  t.ok(rig.logged().split(`"code":"${code}"`).length > lines, 'logged')
  t.equal(await metric(world, 'sign_ins_total', { outcome: code }), before + 1)
}

/** A browser that is signed in while AIHubMix behaves. */
export async function signedIn (world: World, username = 'user123'): Promise<TestBrowser> {
  world.rig.emulator.faults.clear()
  const browser = world.rig.newBrowser()
  const { status } = await signInTo(world.rig, browser, '/', username)
  world.t.equal(status, 303, 'signed in before')
  return browser
}

/** What the app is told at the next request. */
export async function told (world: World, browser: TestBrowser, header: string): Promise<string | undefined> {
  const { status } = await open(browser, '/a')
  world.t.equal(status, 200)
  return world.rig.upstream.valuesOf(header)[0]
}

/** Clicks until AIHubMix has been asked for userinfo once more. */
export async function reread ({ rig }: World, browser: TestBrowser): Promise<void> {
  const before = rig.emulator.count('userinfo')
  rig.emulator.clock.advance('31s')
  let clicks = 0
  await until(async () => {
    // What met a probe on its way is put off for some seconds, which a clock that stands still never ends.
    if (++clicks % 20 === 0) rig.emulator.clock.advance('7s')
    await open(browser, '/a')
    return rig.emulator.count('userinfo') > before
  })
}

/** Clicks until the person is led to sign in, and nothing else was ever answered than the page or that. */
export async function out ({ rig, t }: World, browser: TestBrowser): Promise<void> {
  rig.emulator.clock.advance('31s')
  await until(async () => {
    const { status } = await open(browser, '/a')
    if (status !== 200 && status !== 302) t.fail(`answered ${status}`)
    return status === 302
  })
}
