/**
 * Every error the gateway answers with. `status` is the HTTP status, `message` what a program reads in the JSON answer;
 * pages/texts-*.ts hold what a person reads, under the same codes, in three languages.
 */
export const errorCatalogue = {
  malformed_request: { status: 400, message: 'The request is not valid HTTP. Send it again without changes made by a tool on the way.' },
  malformed_request_target: { status: 400, message: 'The path can be read in more than one way (dot segments, back-slash, #, %00 or a broken escape). Send the plain path.' },
  missing_parameters: { status: 400, message: 'The answer from AIHubMix is incomplete. Start the sign-in again.' },
  invalid_state: { status: 400, message: 'This sign-in was not started in this browser, or was used already. Start the sign-in again.' },
  sign_in_expired: { status: 400, message: 'The sign-in took too long. Start it again.' },
  login_required: { status: 401, message: 'Sign in first: open login_url in a browser.' },
  invalid_token: { status: 401, message: 'The access token is expired, revoked, malformed or not for this app. Get a new one from AIHubMix.' },
  balance_too_low: { status: 402, message: 'The balance is too low for this address. Open topup_url in a browser, top up, and try again.' },
  access_denied: { status: 403, message: 'This account may not open this address. Ask the operator for access.' },
  account_disabled: { status: 403, message: 'This AIHubMix account is disabled. Ask AIHubMix support.' },
  consent_refused: { status: 403, message: 'Access was refused at AIHubMix. Start the sign-in again to allow it.' },
  provider_refused: { status: 403, message: 'AIHubMix refused this request. Try again, or ask the operator.' },
  cross_origin: { status: 403, message: 'The request comes from another website. Repeat it from the page of this site.' },
  not_found: { status: 404, message: 'There is nothing at this address. Check the spelling.' },
  method_not_allowed: { status: 405, message: 'This method is not served here.' },
  body_too_large: { status: 413, message: 'The body is larger than this gateway accepts.' },
  url_too_long: { status: 414, message: 'The address is longer than this gateway accepts.' },
  expectation_failed: { status: 417, message: 'Only "Expect: 100-continue" is understood.' },
  unknown_host: { status: 421, message: 'No app is configured for this host name. Check the address.' },
  too_many_requests: { status: 429, message: 'You have sent too many requests to this address. Wait as long as Retry-After says.' },
  headers_too_large: { status: 431, message: 'The headers are larger than this gateway accepts. Deleting the cookies of this site often helps.' },
  internal_error: { status: 500, message: 'Something went wrong in the gateway. Tell the operator the request id.' },
  exchange_failed: { status: 502, message: 'AIHubMix did not accept the sign-in. Start it again; if it fails again, tell the operator the request id.' },
  provider_bad_response: { status: 502, message: 'AIHubMix gave an answer that cannot be used. Try again in a minute.' },
  topup_unavailable: { status: 502, message: 'AIHubMix gave no usable top-up link. Top up at AIHubMix directly.' },
  upstream_unreachable: { status: 502, message: 'The app cannot be reached. Try again in a minute.' },
  upstream_bad_response: { status: 502, message: 'The app gave an answer that is not valid HTTP.' },
  provider_busy: { status: 503, message: 'AIHubMix limits how often it may be asked, and too much is going on just now. Nothing is lost; try again in a moment.' },
  provider_unavailable: { status: 503, message: 'AIHubMix cannot be reached just now. Nothing is lost; try again in a minute.' },
  session_store_unavailable: { status: 503, message: 'Sessions cannot be read just now. You are still signed in; try again in a few seconds.' },
  renewal_unavailable: { status: 503, message: 'Your sign-in could not be renewed because AIHubMix cannot be reached. You are still signed in; try again in a minute.' },
  decision_changed: { status: 503, message: 'Whether this may pass changed while it was decided. Send the request again.' },
  upstream_busy: { status: 503, message: 'The app has too many requests waiting. Try again in a few seconds.' },
  upstream_timeout: { status: 504, message: 'The app did not answer in time. Try again; if it stays so, tell the operator the request id.' }
} as const satisfies Record<string, { readonly status: number, readonly message: string }>

export type ErrorCode = keyof typeof errorCatalogue

interface ErrorDetails {
  /** What happened, for the log only; never answered. */
  readonly cause?: unknown
  readonly retryAfterSeconds?: number
}

/** An error with an answer: a code of the catalogue. Its `cause` is private: it is logged and never answered. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly retryAfterSeconds: number | null

  constructor (code: ErrorCode, { cause, retryAfterSeconds }: ErrorDetails = {}) {
    super(errorCatalogue[code].message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds ?? (this.status === 503 ? 5 : null)
  }

  get status (): number {
    return errorCatalogue[this.code].status
  }
}

interface LowBalance {
  /** AIHubMix's own words; null when it is not known. */
  readonly balance: string | null
  readonly minBalance: string
  /** How long ago AIHubMix said so. */
  readonly ageSeconds: number
  /** Whether the user was led to top up and the balance is still the same: for some minutes, or longer than that. */
  readonly topUp: 'none' | 'awaited' | 'late'
  /** While it is awaited: when to look again. */
  readonly retryAfterSeconds: number | null
}

/** The route asks for more than the user has, or for a balance that is known. */
export class BalanceTooLow extends GatewayError {
  readonly balance: LowBalance['balance']
  readonly minBalance: LowBalance['minBalance']
  readonly ageSeconds: LowBalance['ageSeconds']
  readonly topUp: LowBalance['topUp']

  constructor ({ balance, minBalance, ageSeconds, topUp, retryAfterSeconds }: LowBalance) {
    super('balance_too_low', retryAfterSeconds === null ? {} : { retryAfterSeconds })
    this.balance = balance
    this.minBalance = minBalance
    this.ageSeconds = ageSeconds
    this.topUp = topUp
  }
}

/** The store of sessions did not answer. Never "no session": an outage signs nobody out. */
export class SessionStoreUnavailable extends GatewayError {
  constructor (cause: unknown) {
    super('session_store_unavailable', { cause, retryAfterSeconds: 2 })
  }
}

/** AIHubMix did not answer, or said that it cannot just now (timeout, 5xx, 429). Says nothing about the user's grant. */
export class AuthorizationServerUnavailable extends GatewayError {
  constructor (cause: unknown, retryAfterSeconds = 10, code: 'provider_unavailable' | 'provider_busy' = 'provider_unavailable') {
    super(code, { cause, retryAfterSeconds })
  }
}

/** AIHubMix was not asked: it does not answer, or has been asked as often as it bears. Nothing was sent, and nothing is known of the grant. */
export class CallSpared extends GatewayError {
  constructor (code: 'provider_busy' | 'provider_unavailable', retryAfterSeconds: number) {
    super(code, { cause: new Error('AIHubMix was not asked'), retryAfterSeconds })
  }
}

/** AIHubMix answered, and the answer cannot be used (HTML, broken JSON, missing members). Says nothing about the user's grant. */
export class AuthorizationServerBadResponse extends GatewayError {
  constructor (cause: unknown) {
    super('provider_bad_response', { cause })
  }
}

/** The authorization code or refresh token is invalid, expired, revoked or used (RFC 6749 §5.2 `invalid_grant`). */
export class InvalidGrant extends GatewayError {
  constructor (cause: unknown) {
    super('exchange_failed', { cause })
  }
}

/** A protected resource did not accept the access token (RFC 6750 §3.1 `invalid_token`, or HTTP 401). */
export class InvalidAccessToken extends GatewayError {
  /** False when the answer may mean something else: one-api says every failure as HTTP 200 `{"success":false}`. */
  readonly isDefinite: boolean

  constructor (cause: unknown, isDefinite: boolean) {
    super('login_required', { cause })
    this.isDefinite = isDefinite
  }
}
