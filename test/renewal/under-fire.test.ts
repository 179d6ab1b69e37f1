import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { navigation } from '../login/attempt.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { get } from '../rig/raw.ts'
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

const statusesOf = async ({ replicas }: ReplicaProcesses, ada: TestBrowser, count: number): Promise<readonly number[]> => {
  const answers = await Promise.all(Array.from({ length: count }, (_value, index) => ada.via(replicas[index % replicas.length]?.url ?? '').fetch(`/${index}`, { headers: navigation })))
  return [...new Set(answers.map(({ status }) => status))]
}

t.test('200 requests at once over three processes while AIHubMix takes 3 s: one call, 200 answers, and still signed in (T-105)', async (t) => {
  const rig = await replicasOn(t)
  const { ada, emulator } = rig
  emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 3_000 } })
  await rig.advance(121 * minute)
  t.strictSame(await statusesOf(rig, ada, 200), [200])
  t.equal(emulator.count('refresh_token'), 1)
  emulator.faults.clear()
  emulator.faults.set({ kind: 'rotation', args: { mode: 'on_with_reuse_detection' } })
  await rig.advance(121 * minute)
  t.strictSame(await statusesOf(rig, ada, 9), [200], 'the new refresh token is known everywhere')
  t.equal(emulator.count('refresh_token'), 2)
})

t.test('all clients leave while their refresh runs: it is done and saved, once (T-108)', async (t) => {
  const rig = await replicasOn(t)
  const { ada, emulator, replicas } = rig
  emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 1_500 } })
  await rig.advance(121 * minute)
  const leaving = await Promise.all(Array.from({ length: 12 }, async (_value, index) => {
    const socket = connect(Number(new URL(replicas[index % 3]?.url ?? '').port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(get('/leaving', [`Cookie: ${ada.cookieHeader()}`]))
    return socket
  }))
  await until(() => emulator.count('refresh_token') === 1)
  for (const socket of leaving) socket.destroy()
  t.strictSame(await statusesOf(rig, ada, 9), [200])
  t.equal(emulator.count('refresh_token'), 1)
})

t.test('clocks that are four minutes apart: a token is refreshed once a life, and no one is signed out (T-105)', async (t) => {
  const rig = await replicasOn(t, { skewsMs: [0, 4 * minute, -4 * minute] })
  const { ada, emulator } = rig
  for (let minutes = 0; minutes < 600; minutes += 15) {
    await rig.advance(15 * minute)
    t.strictSame(await statusesOf(rig, ada, 6), [200])
  }
  await until(() => emulator.count('refresh_token') >= 4)
  t.ok(emulator.count('refresh_token') <= 6, `${emulator.count('refresh_token')} refreshes in ten hours`)
})
