import type { Urgency } from './call-budget.ts'

/** What came of a call: an answer, whatever it said; none; or "too many", with the wait that AIHubMix itself named, if it did. */
export type CallOutcome = 'answered' | 'unanswered' | { readonly tooManyForMs: number | null }

/** Why it is open. */
type Trouble = 'silent' | 'busy'

/**
 * Keeps calls from an endpoint that does not answer or has had enough (V-34, V-35). Closed at first; after a few failures in a row, or one
 * 429, it opens: nobody calls until the time is up, then one call tries, and its answer closes it or opens it for longer.
 */
export interface Circuit {
  /** Null lets a call through; else why it has to wait, and how long. */
  refusal (urgency: Urgency): { readonly trouble: Trouble, readonly waitMs: number } | null
  /** A call begins; what is returned has to be told what came of it. */
  begin (): (outcome: CallOutcome) => void
}

interface CircuitOptions {
  readonly now: () => number
  /** At least 0, less than 1. */
  readonly random: () => number
  /** Told for how long when it opens, and null when it closes again. */
  readonly onChange: (openForMs: number | null) => void
}

const failuresThatOpen = 5
const firstPauseMs = 1_000
const longestPauseMs = 30_000
/** A person who waits is the best probe: but for a wait AIHubMix named, one a second may try. */
const peoplesProbeMs = 1_000

interface Opening {
  readonly trouble: Trouble
  readonly until: number
  readonly triedAt: number
  /** AIHubMix itself said how long. */
  readonly isTold: boolean
}

export function createCircuit ({ now, random, onChange }: CircuitOptions): Circuit {
  let failures = 0
  let openings = 0
  let opening: Opening | null = null
  let isProbing = false

  function close (): void {
    if (opening !== null) onChange(null)
    failures = 0
    openings = 0
    opening = null
  }

  function open (trouble: Trouble, toldMs: number | null): void {
    // Jitter: replicas must not come back in step.
    const pauseMs = toldMs ?? Math.min(longestPauseMs, firstPauseMs * 2 ** openings) * (0.75 + random() / 2)
    if (opening === null) onChange(pauseMs)
    openings++
    opening = { trouble, until: now() + pauseMs, triedAt: now(), isTold: toldMs !== null }
  }

  function fail (outcome: Exclude<CallOutcome, 'answered'>, wasProbe: boolean): void {
    failures++
    if (opening !== null && !wasProbe) return // it was under way when the circuit opened, and says nothing new
    if (outcome !== 'unanswered') open('busy', outcome.tooManyForMs)
    else if (wasProbe || failures >= failuresThatOpen) open('silent', null)
  }

  return {
    refusal (urgency) {
      if (opening === null) return null
      const { trouble, until, triedAt, isTold } = opening
      const isDue = now() >= until || (urgency === 'sign-in' && !isTold && now() - triedAt >= peoplesProbeMs)
      return isDue && !isProbing ? null : { trouble, waitMs: Math.max(peoplesProbeMs, until - now()) }
    },
    begin () {
      const isProbe = opening !== null
      if (isProbe) isProbing = true
      return (outcome) => {
        if (isProbe) isProbing = false
        if (outcome === 'answered') close()
        else fail(outcome, isProbe)
      }
    }
  }
}
