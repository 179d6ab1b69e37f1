import t from 'tap'
import { takeTurns } from '../../bench/rounds.ts'
import { medianAndRange, ratio } from '../../bench/sets/table.ts'

t.test('every other round goes backwards, and samples stay with their round', async (t) => {
  const order: string[] = []
  const samples = await takeTurns('test', [{ name: 'a' }, { name: 'b' }], 3, async ({ name }, round) => order.push(name + round))
  t.strictSame(order, ['a0', 'b0', 'b1', 'a1', 'a2', 'b2'])
  t.strictSame([...samples], [['a', [1, 4, 5]], ['b', [2, 3, 6]]])
})

t.test('a ratio is the median of the ratios of the rounds', async (t) => {
  t.equal(ratio([10, 20, 90], [10, 10, 30]), '2.00', 'not 20 / 10 of the medians')
  t.equal(ratio([30, 10, 10], [10, 10, 30]), '1.00')
  t.equal(ratio([1], undefined), '')
})

t.test('a median is shown with what it lies between', async (t) => {
  t.equal(medianAndRange([3, 1, 2.24]), '2.2 (1.0–3.0)')
  t.equal(medianAndRange([1, 2, 3, 4], 0), '3 (1–4)')
})
