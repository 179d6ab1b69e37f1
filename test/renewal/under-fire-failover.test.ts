import t, { type Test } from 'tap'
import { navigation } from '../login/attempt.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { startRedis } from '../rig/redis.ts'
import { startSentinels } from '../rig/redis-shapes.ts'
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

const statusesOf = async ({ replicas }: ReplicaProcesses, ada: TestBrowser, count: number): Promise<readonly number[]> => {
  const answers = await Promise.all(Array.from({ length: count }, (_value, index) => ada.via(replicas[index % replicas.length]?.url ?? '').fetch(`/${index}`, { headers: navigation })))
  return [...new Set(answers.map(({ status }) => status))]
}

t.test('Redis fails over while AIHubMix takes its time: one call, the new tokens are saved at the new master (T-105, T-114)', async (t) => {
  const redis = await startSentinels()
  t.after(() => redis.close())
  const rig = await replicasOn(t, { redis: redis.config })
  const { ada, emulator } = rig
  emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 4_000 } })
  await rig.advance(116 * minute)
  t.strictSame(await statusesOf(rig, ada, 9), [200])
  await until(() => emulator.count('refresh_token') === 1)
  const master = await redis.master()
  await until(async () => await master.client.call('WAIT', 1, 1_000) === 1)
  master.process.kill('SIGKILL')
  const seen = new Set<number>()
  await until(async () => {
    for (const status of await statusesOf(rig, ada, 9)) seen.add(status)
    return seen.size > 0 && (await redis.master()) !== master && (await statusesOf(rig, ada, 9)).every((status) => status === 200)
  }, 80_000)
  t.ok([...seen].every((status) => status === 200 || status === 503), `saw ${[...seen]}`)
  emulator.faults.clear()
  emulator.faults.set({ kind: 'rotation', args: { mode: 'on_with_reuse_detection' } })
  await until(async () => (await statusesOf(rig, ada, 9)).every((status) => status === 200))
  t.equal(emulator.count('refresh_token'), 1)
  await rig.advance(5 * minute)
  t.strictSame(await statusesOf(rig, ada, 9), [200], 'the old token is over: the one that came is known everywhere')
  t.equal(emulator.count('refresh_token'), 1)
  await rig.advance(121 * minute)
  t.strictSame(await statusesOf(rig, ada, 9), [200])
  t.equal(emulator.count('refresh_token'), 2)
})
