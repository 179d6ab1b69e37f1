import type { FaultKind } from './kinds.ts'
import type { FaultEndpoint } from './stages.ts'

/** A deviation from the happy path: set by a test, a preset or the control API. */
export interface Fault {
  readonly kind: FaultKind
  /** Left out, the kind's own place. */
  readonly endpoint?: FaultEndpoint
  readonly args?: Readonly<Record<string, unknown>>
  /** Only for this user, client, or grant: the family of tokens that one sign-in gave, `family_…`. */
  readonly match?: { readonly user?: string, readonly client?: string, readonly grant?: string }
  /** Acts this many times, then is gone. */
  readonly count?: number
  /** Lets this many chances pass first; a kind that expires or revokes at once then waits for them. */
  readonly after?: number
  /** Acts with this likelihood, from 0 to 1, by the emulator's seed. */
  readonly probability?: number
  /** Is gone after this time by the emulator's clock: `'90s'` or milliseconds. */
  readonly lasts?: string | number
}
