import t from 'tap'
import { createMeasuredStore } from '../../src/session/measured-store.ts'
import { createMemoryStore } from '../../src/session/memory-store.ts'
import { testStoreContract } from './store-contract.ts'

testStoreContract(t, async () => {
  let nowMs = 1_700_000_000_000
  const store = createMeasuredStore(createMemoryStore(() => nowMs), () => {})
  return { store, other: store, passes: async (ms) => { nowMs += ms } }
})

t.test('each command is told of once, and whether it failed', async (t) => {
  const told: string[] = []
  const memory = createMemoryStore()
  const store = createMeasuredStore({ ...memory, ping: () => Promise.reject(new Error('away')) }, (command, ms, isFailed) => { told.push(`${command} ${ms >= 0} ${isFailed}`) })
  await store.create('id', Buffer.alloc(32), 1_000)
  const lease = await store.lease('id', 1_000)
  await lease?.renew(2_000)
  await lease?.release()
  await t.rejects(store.ping(), { message: 'away' })
  t.strictSame(told, ['create true false', 'lease true false', 'renew_lease true false', 'release_lease true false', 'ping true true'])
})
