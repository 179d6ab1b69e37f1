import t from 'tap'
import { check } from './checker.ts'
import { renewalModel, wholeProtocol, type Protocol, type World } from './renewal-model.ts'

const calm: World = { replicas: 2, renewals: 1, crashes: 0, lostAnswers: 0, storeFaults: 0, signOuts: 0, otherSaves: 0, longStalls: 0, reuseDetection: true }

/** The worlds of docs/renewal-model.md, which names these counts. */
const worlds: Readonly<Record<string, World>> = {
  'two replicas, two renewals, a crash, a lost answer, a failing store, a sign-out, a save beside': { ...calm, renewals: 2, crashes: 1, lostAnswers: 1, storeFaults: 1, signOuts: 1, otherSaves: 1 },
  'three replicas, two renewals, two crashes, a save beside': { ...calm, replicas: 3, renewals: 2, crashes: 2, otherSaves: 1 },
  'three replicas, a renewal, a crash, a lost answer, a failing store, a sign-out': { ...calm, replicas: 3, crashes: 1, lostAnswers: 1, storeFaults: 1, signOuts: 1 },
  'two replicas, a renewal, three failures of the store, a crash': { ...calm, storeFaults: 3, crashes: 1 },
  'two replicas, two renewals, and a stall longer than the longest lease': { ...calm, renewals: 2, longStalls: 1, crashes: 1, otherSaves: 1 },
  'the same where a spent token is only refused': { ...calm, renewals: 2, longStalls: 1, crashes: 1, otherSaves: 1, reuseDetection: false }
}

for (const [name, world] of Object.entries(worlds)) {
  t.test(`the renewal keeps its promises in every order of events: ${name}`, async (t) => {
    const { states, steps, violation } = check(renewalModel(world))
    t.comment(`${states} states, ${steps} steps`)
    t.strictSame(violation, null)
    t.ok(states > 1_000, 'and there was something to see')
  })
}

t.test('nothing fails: nothing is ever spent twice, and the long lease is never needed', async (t) => {
  t.strictSame(check(renewalModel({ ...calm, replicas: 3, renewals: 2 })).violation, null)
})

/** What each part of the protocol is for: taken away, the checker finds the way to the damage. */
const needed: readonly (readonly [keyof Protocol, World, string])[] = [
  ['lease', calm, 'a refresh token was spent twice'],
  ['reread', calm, 'a refresh token was spent twice'],
  ['hold', calm, 'a refresh token was spent twice'],
  ['fencing', { ...calm, signOuts: 1 }, 'a session that was signed out came back'],
  ['fencing', { ...calm, longStalls: 1, reuseDetection: false }, 'a session whose refresh token is good was ended'],
  ['saveBeforeUse', calm, 'a request was served with tokens the store does not have'],
  ['ownRelease', { ...calm, replicas: 3, renewals: 2 }, 'a refresh token was spent twice']
]

for (const [part, world, damage] of needed) {
  t.test(`without ${part}: ${damage}`, async (t) => {
    const { violation } = check(renewalModel(world, { ...wholeProtocol, [part]: false }))
    t.equal(violation?.what, damage)
    t.comment(violation?.trace.join(' → '))
  })
}

t.test('the checker sees a state nothing leads out of', async (t) => {
  const { violation } = check({
    start: 0,
    steps: (state: number) => state < 3 ? [{ name: `to ${state + 1}`, to: state + 1, isFault: false }] : [],
    key: String,
    broken: () => null,
    isSettled: () => false
  })
  t.equal(violation?.what, 'nothing leads out of here')
})
