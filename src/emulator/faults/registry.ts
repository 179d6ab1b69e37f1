import type { WireAnswer } from '../answer.ts'
import type { Clock } from '../clock.ts'
import { durationMs } from '../clock.ts'
import type { GrantMatch } from '../grants.ts'
import type { Random } from '../random.ts'
import { createArgs } from './args.ts'
import type { Fault } from './fault.ts'
import { faultKinds } from './kinds.ts'
import { type Exchange, type Expirable, type FaultEndpoint, FaultRefused, type FaultSettings, type FaultStages, type Visit } from './stages.ts'

/** The faults in force, oldest first. They compose, in that order, and leave when their count or time is up. */
export interface Faults {
  /** Throws `FaultRefused` when the arguments make no sense. */
  set (fault: Fault): void
  clear (): void
  all (): readonly Fault[]
  /** Faults that expire or revoke, and were told to wait for so many requests, now do so to whom this one is about. */
  strike (exchange: Exchange): void
  /** How far the faults in force put AIHubMix's clock off. */
  clockSkewMs (): number
  /** What the first limiter that is exceeded answers; null when all let the request in. */
  limited (visit: Visit, exchange: Exchange): WireAnswer | null
  /** What the newest matching fault says about a setting. */
  setting<Name extends keyof FaultSettings> (name: Name, exchange: Exchange): FaultSettings[Name] | undefined
  /** The matching faults that do something at this stage; each one counts as used. */
  use<Stage extends keyof FaultStages> (stage: Stage, exchange: Exchange): readonly NonNullable<FaultStages[Stage]>[]
  /** The oldest of them only, for stages where one fault excludes the next; the others stay unused. */
  useFirst<Stage extends keyof FaultStages> (stage: Stage, exchange: Exchange): NonNullable<FaultStages[Stage]> | undefined
}

interface ActiveFault {
  readonly fault: Fault
  readonly stages: FaultStages
  readonly endpoint: FaultEndpoint
  readonly endsAt: number
  chances: number
  used: number
}

export function createFaults (clock: Clock, random: Random, tokens: Expirable): Faults {
  let active: ActiveFault[] = []

  function set (fault: Fault): void {
    const stages = stagesOf(fault)
    if (stages.atOnce !== undefined && fault.after === undefined) return stages.atOnce(tokens, grantMatch(fault))
    const endsAt = fault.lasts === undefined ? Infinity : clock.trueNow() + durationMs(fault.lasts)
    active.push({ fault, stages, endpoint: fault.endpoint ?? stages.endpoint, endsAt, chances: 0, used: 0 })
  }

  function inForce (): readonly ActiveFault[] {
    active = active.filter(({ fault, used, endsAt }) => used < (fault.count ?? Infinity) && clock.trueNow() < endsAt)
    return active
  }

  function isDue (entry: ActiveFault): boolean {
    entry.chances += 1
    if (entry.chances <= (entry.fault.after ?? 0)) return false
    if (entry.fault.probability !== undefined && random.fraction() >= entry.fault.probability) return false
    entry.used += 1
    return true
  }

  function * due<Stage extends keyof FaultStages> (stage: Stage, exchange: Exchange): Generator<NonNullable<FaultStages[Stage]>> {
    for (const entry of inForce()) {
      const doing = entry.stages[stage]
      if (doing !== undefined && doing !== null && matches(entry, exchange) && isDue(entry)) yield doing
    }
  }

  function setting<Name extends keyof FaultSettings> (name: Name, exchange: Exchange): FaultSettings[Name] | undefined {
    const newest = inForce().findLast((entry) => entry.stages.settings?.[name] !== undefined && matches(entry, exchange))
    return newest !== undefined && isDue(newest) ? newest.stages.settings?.[name] : undefined
  }

  function limited (visit: Visit, exchange: Exchange): WireAnswer | null {
    for (const entry of inForce()) {
      const refusal = matches(entry, exchange) ? entry.stages.limit?.(visit) ?? null : null
      if (refusal !== null && isDue(entry)) return refusal
    }
    return null
  }

  function strike (exchange: Exchange): void {
    const { username, clientId } = exchange
    if (username === null || clientId === null) return
    for (const act of due('atOnce', exchange)) act(tokens, { username, clientId })
  }

  return {
    set,
    setting,
    limited,
    strike,
    clockSkewMs: () => inForce().reduce((sum, { stages }) => sum + (stages.clockSkewMs ?? 0), 0),
    use: (stage, exchange) => [...due(stage, exchange)],
    useFirst: (stage, exchange) => due(stage, exchange).next().value,
    clear () { active = [] },
    all: () => inForce().map(({ fault }) => fault)
  }
}

/** A misspelt argument is refused: a test that means to break something must not pass because nothing broke. */
function stagesOf ({ kind, args: given = {} }: Fault): FaultStages {
  const args = createArgs(given)
  const stages = faultKinds[kind](args)
  const unknown = Object.keys(given).filter((name) => !args.known().includes(name))
  if (unknown.length > 0) throw new FaultRefused(`"${kind}" knows no argument ${unknown.join(', ')}. It reads: ${args.known().join(', ') || 'none'}.`)
  return stages
}

function matches ({ fault: { match = {} }, endpoint }: ActiveFault, exchange: Exchange): boolean {
  return (endpoint === '*' || exchange.endpoints.includes(endpoint)) &&
    (match.user === undefined || match.user === exchange.username) &&
    (match.client === undefined || match.client === exchange.clientId) &&
    (match.grant === undefined || match.grant === exchange.grant)
}

function grantMatch ({ match = {} }: Fault): GrantMatch {
  return {
    ...(match.user === undefined ? {} : { username: match.user }),
    ...(match.client === undefined ? {} : { clientId: match.client }),
    ...(match.grant === undefined ? {} : { familyId: match.grant })
  }
}
