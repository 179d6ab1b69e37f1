import fc from 'fast-check'
import t from 'tap'
import { createCallBudget, type Urgency } from '../../src/aihubmix/call-budget.ts'

const windowMs = 180_000

function budgetOf (requests: number) {
  let now = 1_000_000
  const budget = createCallBudget({ requests, windowMs, now: () => now })
  return {
    budget,
    wait (ms: number) { now += ms },
    takeAll (urgency: Urgency, most = 10_000): number {
      let taken = 0
      while (taken < most && budget.take(urgency) === 0) taken++
      return taken
    }
  }
}

t.test('a sign-in finds a call when what requests wait for has none left, and those when background work has none left', async (t) => {
  const { budget, takeAll, wait } = budgetOf(100)
  let background = 0
  for (let slice = 0; slice < 10; slice++) {
    background += takeAll(0)
    wait(windowMs / 10)
  }
  t.ok(background <= 100 && background >= 45, `${background} in a window`)
  wait(windowMs)
  t.equal(takeAll('awaited'), 90)
  t.equal(takeAll('sign-in'), 10)
  t.ok(budget.take('sign-in') > 0)
})

t.test('strangers who sign in take half of the budget and people who ask anew a fifth, however often they ask: what requests wait for finds the rest', async (t) => {
  const { budget, takeAll, wait } = budgetOf(100)
  t.equal(takeAll('sign-in'), 50)
  t.equal(takeAll('asked'), 20)
  t.equal(takeAll('awaited'), 20)
  wait(windowMs / 2)
  t.equal(budget.take('sign-in'), windowMs / 2, 'and are told when there is one again')
  t.equal(budget.take('asked'), windowMs / 2)
  wait(windowMs / 2)
  t.equal(takeAll('asked'), 20)
  t.equal(takeAll('sign-in'), 50)
})

t.test('the smallest budget still lets somebody sign in, which is two calls', async (t) => {
  const { budget } = budgetOf(2)
  t.same([budget.take('sign-in', 1), budget.take('sign-in')], [0, 0])
})

t.test('background work that is more urgent has a larger part, and none of it comes in one burst', async (t) => {
  const parts = [0, 0.5, 1].map((urgency) => {
    const { takeAll, wait } = budgetOf(1000)
    const slices = Array.from({ length: 10 }, () => { wait(windowMs / 10); return takeAll(urgency) })
    for (const slice of slices) t.ok(slice <= 160, `${slice} of 1000 in a tenth of the window`)
    return slices.reduce((sum, slice) => sum + slice, 0)
  })
  t.same(parts, [450, 625, 800])
})

t.test('a call that has to be followed by another is not made when there is only one left', async (t) => {
  const { budget, takeAll } = budgetOf(6)
  t.equal(takeAll('sign-in', 2), 2)
  t.ok(budget.take('sign-in', 1) > 0)
  t.equal(budget.take('sign-in'), 0)
})

t.test('whatever is asked for and when, no window holds more calls than configured, and the wait that is named is enough', async () => {
  const asked = fc.record({ afterMs: fc.nat(40_000), urgency: fc.constantFrom<Urgency>('sign-in', 'awaited', 'asked', 0, 0.5, 1) })
  fc.assert(fc.property(fc.integer({ min: 2, max: 30 }), fc.array(asked, { maxLength: 200 }), (requests, asks) => {
    let now = 0
    const taken: number[] = []
    const budget = createCallBudget({ requests, windowMs, now: () => now })
    for (const { afterMs, urgency } of asks) {
      now += afterMs
      let waitMs = budget.take(urgency)
      if (waitMs === 0) taken.push(now)
      else {
        now += waitMs
        waitMs = budget.take(urgency)
        if (waitMs === 0) taken.push(now)
        else if (typeof urgency !== 'number') return false
      }
    }
    return taken.every((at) => taken.filter((other) => other > at - windowMs && other <= at).length <= requests)
  }))
})
