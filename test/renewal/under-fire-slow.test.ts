import t, { type Test } from 'tap'
import { navigation } from '../login/attempt.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { startRedis } from '../rig/redis.ts'
import { startReplicaProcesses, type ReplicaProcesses } from '../rig/replica-process.ts'

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

t.test('AIHubMix takes 15 s, longer than any lease: one call, and the old token serves meanwhile (T-106)', async (t) => {
  const rig = await replicasOn(t)
  const { ada, emulator } = rig
  emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 15_000 } })
  await rig.advance(116 * minute)
  const begunAt = performance.now()
  while (performance.now() - begunAt < 16_000) t.strictSame(await statusesOf(rig, ada, 30), [200])
  t.equal(emulator.count('refresh_token'), 1)
  await rig.advance(10 * minute)
  t.strictSame(await statusesOf(rig, ada, 9), [200], 'with the token that came')
  t.equal(emulator.count('refresh_token'), 1)
})
