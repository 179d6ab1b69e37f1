/** One thing that can happen in a state. */
export interface Step<State> {
  readonly name: string
  readonly to: State
  /** Not of the protocol's own doing (a crash, a lost answer): progress must be possible without any. */
  readonly isFault: boolean
}

export interface Model<State> {
  readonly start: State
  /** Everything that can happen next, in any order. */
  steps (state: State): readonly Step<State>[]
  /** The same text for states that do not differ. */
  key (state: State): string
  /** What must never be so; null when all is well. */
  broken (state: State): string | null
  /** Where nothing is left to do. From every state one must be reachable without a fault. */
  isSettled (state: State): boolean
}

export interface Verdict {
  readonly states: number
  readonly steps: number
  /** The first broken promise, by the shortest way to it; null when there is none. */
  readonly violation: { readonly what: string, readonly trace: readonly string[] } | null
}

/** Visits every reachable state, nearest first, and stops at the first broken promise; then looks for states nothing leads out of. */
export function check<State> (model: Model<State>, mostStates = 3_000_000): Verdict {
  const numbers = new Map<string, number>()
  const states: State[] = []
  const cameFrom: { readonly from: number, readonly name: string }[] = []
  const ownSteps: (readonly [number, number])[] = []
  let steps = 0

  const numberOf = (state: State, from: number, name: string): number => {
    const key = model.key(state)
    const known = numbers.get(key)
    if (known !== undefined) return known
    if (states.length === mostStates) throw new Error(`more than ${mostStates} states`)
    numbers.set(key, states.length)
    cameFrom.push({ from, name })
    return states.push(state) - 1
  }
  const traceTo = (number: number): readonly string[] => {
    const names: string[] = []
    for (let at = number; at > 0; at = cameFrom[at]?.from ?? 0) names.unshift(cameFrom[at]?.name ?? '')
    return names
  }
  const verdict = (what: string, at: number): Verdict => ({ states: states.length, steps, violation: { what, trace: traceTo(at) } })

  numberOf(model.start, 0, '')
  for (let at = 0; at < states.length; at++) {
    const state = states[at] as State
    const what = model.broken(state)
    if (what !== null) return verdict(what, at)
    for (const step of model.steps(state)) {
      steps++
      const to = numberOf(step.to, at, step.name)
      if (!step.isFault) ownSteps.push([at, to])
    }
  }
  const stuck = firstStuck(states.map(model.isSettled), ownSteps)
  return stuck === null ? { states: states.length, steps, violation: null } : verdict('nothing leads out of here', stuck)
}

/** The first state from which no settled one can be reached; null when there is none. */
function firstStuck (isSettled: readonly boolean[], edges: readonly (readonly [number, number])[]): number | null {
  const before = new Map<number, number[]>()
  for (const [from, to] of edges) {
    const list = before.get(to)
    if (list === undefined) before.set(to, [from])
    else list.push(from)
  }
  const leadsOut = [...isSettled]
  const waiting = isSettled.flatMap((settled, number) => settled ? [number] : [])
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    for (const from of before.get(number) ?? []) {
      if (leadsOut[from] === true) continue
      leadsOut[from] = true
      waiting.push(from)
    }
  }
  const stuck = leadsOut.indexOf(false)
  return stuck === -1 ? null : stuck
}
