import t, { type Test } from 'tap'
import { navigation } from '../login/attempt.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { startRedis } from '../rig/redis.ts'
import { startReplicaProcesses, type ReplicaProcesses } from '../rig/replica-process.ts'
import { until } from '../rig/until.ts'

const minute = 60_000

async function replicasOn (t: Test, options: Partial<Parameters<typeof startReplicaProcesses>[1]> = {}): Promise<ReplicaProcesses & { readonly ada: TestBrowser }> {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startReplicaProcesses(t, { redis: { url: redis.url }, ...options })
  const ada = rig.newBrowser()
  await ada.signIn()
  return { ...rig, ada }
}

t.test('the refresher is killed before AIHubMix spent the token: another one refreshes once its lease is over (T-107)', async (t) => {
  const rig = await replicasOn(t, { timeout: '1s' })
  const { ada, emulator, replicas } = rig
  emulator.faults.set({ kind: 'hang', endpoint: 'refresh_token' })
  await rig.advance(121 * minute)
  const killed = ada.fetch('/a', { headers: navigation }).catch(() => null)
  await until(() => emulator.count('refresh_token') === 1)
  await replicas[0]?.kill()
  await killed
  emulator.faults.clear()
  emulator.faults.set({ kind: 'rotation', args: { mode: 'on_with_reuse_detection' } })
  const seen = new Set<number>()
  const other = ada.via(replicas[1]?.url ?? '')
  await until(async () => {
    const { status, setCookies } = await other.fetch('/a', { headers: navigation })
    seen.add(status)
    t.strictSame(setCookies, [])
    return status === 200
  }, 40_000)
  t.ok([...seen].every((status) => status === 200 || status === 503), `saw ${[...seen]}`)
  t.equal(emulator.count('refresh_token'), 2)
})

t.test('the refresher is killed after AIHubMix spent the token, before the save: the one case that cannot be saved, and what the user sees (T-107)', async (t) => {
  const rig = await replicasOn(t, { timeout: '1s' })
  const { ada, emulator, replicas } = rig
  emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 2_500 }, count: 1 })
  await rig.advance(121 * minute)
  const killed = ada.fetch('/a', { headers: navigation }).catch(() => null)
  await until(() => emulator.count('refresh_token') === 1)
  await replicas[0]?.kill()
  await killed
  const seen: number[] = []
  const other = ada.via(replicas[1]?.url ?? '')
  await until(async () => {
    seen.push((await other.fetch('/a', { headers: navigation })).status)
    return seen.at(-1) === 302
  }, 40_000)
  t.ok(seen.every((status) => status === 503 || status === 302), 'waits, then is led to sign in: no error, no loop')
  t.equal(emulator.count('refresh_token'), 2, 'asked once more, in vain')
  t.equal((await other.open('/a')).status, 200, 'AIHubMix knows the browser: back without a click')
  t.strictSame(new Set((await Promise.all([0, 1, 2].map(() => other.fetch('/a', { headers: navigation })))).map(({ status }) => status)), new Set([200]))
})
