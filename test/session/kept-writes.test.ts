import t from 'tap'
import { createKeptWrites } from '../../src/session/kept-writes.ts'

/** Each write is answered with its number; `acks` are what the replicas say after each. */
function writing (acks: readonly number[], clock?: () => number) {
  let [writes, asked] = [0, 0]
  const kept = createKeptWrites({ acknowledged: async () => acks[Math.min(asked++, acks.length - 1)] ?? 0, ...(clock === undefined ? {} : { clock }) })
  return { keep: () => kept.keep(async () => ++writes), writes: () => writes }
}

t.test('a write that a replica has is made once', async (t) => {
  const { keep, writes } = writing([1])
  t.equal(await keep(), 1)
  t.equal(writes(), 1)
})

t.test('a write that no replica has is made again until one has it, and the last answer counts', async (t) => {
  const { keep, writes } = writing([0, 0, 1])
  t.equal(await keep(), 3)
  t.equal(writes(), 3)
})

t.test('where there is no replica for longer than a hand-over takes, nothing is waited for, until one is back', async (t) => {
  let nowMs = 0
  const { keep, writes } = writing([0, 0, 0, 1, 0, 1], () => (nowMs += 3_000))
  await keep()
  const before = writes()
  await keep()
  t.equal(writes(), before + 1, 'nobody to hand over to')
})

t.test('while there is no replica, who reads waits a few milliseconds for each write, and not 50', async (t) => {
  let nowMs = 0
  const asked: number[] = []
  const kept = createKeptWrites({ acknowledged: async (withinMs) => { asked.push(withinMs); return asked.length > 4 ? 1 : 0 }, clock: () => (nowMs += 2_000) })
  for (let write = 0; write < 6; write++) await kept.keep(async () => {})
  t.same(asked, [50, 5, 5, 5, 5, 50])
})

t.test('a write that fails is the caller\'s to make again', async (t) => {
  const kept = createKeptWrites({ acknowledged: async () => 1 })
  await t.rejects(kept.keep(async () => { throw new Error('away') }), { message: 'away' })
})
