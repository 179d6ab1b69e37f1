import t from 'tap'
import { createMemoryStore } from '../../src/session/memory-store.ts'
import { testStoreContract } from './store-contract.ts'

testStoreContract(t, async () => {
  let nowMs = 1_700_000_000_000
  const store = createMemoryStore(() => nowMs)
  return { store, other: store, passes: async (ms) => { nowMs += ms } }
})

t.test('what ran out is let go of while others come', async (t) => {
  let nowMs = 0
  const store = createMemoryStore(() => nowMs)
  await store.create('old', Buffer.alloc(32), 10)
  nowMs = 20
  for (let index = 0; index < 3_000; index++) await store.create(`id-${index}`, Buffer.alloc(32), 1_000)
  nowMs = 15
  t.equal(await store.read('old'), null, 'even a clock set back does not bring it back')
})
