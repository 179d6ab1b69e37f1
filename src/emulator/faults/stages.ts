import type { AccessTokenForm } from '../access-token.ts'
import type { Answer, WireAnswer } from '../answer.ts'
import type { GrantMatch } from '../grants.ts'
import type { Members } from '../json.ts'
import type { Rotation } from '../tokens.ts'

/** Where a fault acts. `token` is both grants; `*` is the whole API. */
export const faultEndpoints = ['*', 'apps', 'authorize', 'token', 'authorization_code', 'refresh_token', 'userinfo', 'topup', 'topup_page', 'status'] as const
export type FaultEndpoint = typeof faultEndpoints[number]

/** What a fault may be restricted to, as one request shows it. */
export interface Exchange {
  readonly endpoints: readonly FaultEndpoint[]
  readonly username: string | null
  readonly clientId: string | null
  /** The family of the tokens at hand: one sign-in of one user at one client. */
  readonly grant?: string | null
}

/** What a limiter counts by. */
export interface Visit {
  readonly address: string
  /** Epoch milliseconds of the clients' clock. */
  readonly at: number
}

/** Things a fault can do at once instead of waiting for a request. */
export interface Expirable {
  expireAccess (match: GrantMatch): void
  expireRefresh (match: GrantMatch): void
  revoke (match: GrantMatch): void
}

/** What the endpoints themselves ask about. */
export interface FaultSettings {
  readonly rotation?: Rotation
  readonly authorizeError?: string
  readonly ignoreAutoAuthorize?: boolean
  readonly pkce?: 'ignore' | 'honour' | 'reject'
  readonly creditDelayMs?: number
  readonly openerPolicy?: string
  readonly unknownPath?: 'html' | 'json'
  readonly strictScopeEncoding?: boolean
  /** How far the `exp` of new access tokens lies from the truth. */
  readonly jwtExpiryOffsetMs?: number
  /** What new access tokens say of the app they were made for; `opaque` ones say nothing at all. */
  readonly accessTokenForm?: AccessTokenForm
  /** What CORS lets in; one-api's API has no CORS (provider.md F-52). */
  readonly allowedOrigin?: string
}

export type Cut = 'hang' | 'reset' | 'reset_mid' | 'close_early'

/** What a kind does, at the stages an answer goes through from first to last. A kind fills in those it needs. */
export interface FaultStages {
  readonly endpoint: FaultEndpoint
  readonly atOnce?: (tokens: Expirable, match: GrantMatch) => void
  readonly settings?: FaultSettings
  /** As long as the fault is in force, AIHubMix's clock is off by this. */
  readonly clockSkewMs?: number
  /** Asked first, for each request of the API: the answer of who is asked too often, null for everybody else. */
  readonly limit?: (visit: Visit) => WireAnswer | null
  /** Before the request is processed; the request is not processed at all. */
  readonly instead?: WireAnswer | Cut
  /** Parameters of the redirect back to the client. */
  readonly redirect?: (parameters: URLSearchParams) => void
  /** Members of a successful answer. */
  readonly members?: (members: Members) => Members
  /** The same, after all `members`. */
  readonly envelope?: (members: Members) => Members
  /** An answer that is no success. */
  readonly refusal?: (answer: Answer) => Answer
  readonly wire?: (answer: WireAnswer) => WireAnswer
  /** How late the answer begins, and how fast its body leaves; null is at once. */
  readonly pace?: { readonly headersMs: number, readonly bodyBytesPerSecond: number | null }
  /** The request was processed, the answer gets lost. */
  readonly lost?: Cut
}

/** The arguments of a fault. Each kind reads its own; what no one read is a mistake of the caller. */
export interface FaultArgs {
  read (name: string): unknown
  known (): readonly string[]
}

/** A fault that cannot be set; the message says what can. */
export class FaultRefused extends Error {}
