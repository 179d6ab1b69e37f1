/**
 * What an app can do about a failure: `offline` try later, `signed-out` sign in, `balance` top up, `denied` another account,
 * `unavailable` try again after `retryAfterSeconds`, `malformed` tell the operator, `cancelled` nothing: the user left.
 */
export type FailureKind = 'offline' | 'signed-out' | 'balance' | 'denied' | 'unavailable' | 'malformed' | 'cancelled'

const kinds: Readonly<Record<number, FailureKind>> = { 401: 'signed-out', 402: 'balance', 403: 'denied', 429: 'unavailable' }

/** What is known of a failure. */
export type FailureDetails = Partial<Pick<GatewayError, 'code' | 'message' | 'status' | 'requestId' | 'retryAfterSeconds' | 'cause'>>

/** Every failure of the SDK, but for an abort of the caller's own. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly kind: FailureKind
  /** The gateway's own code, such as `session_store_unavailable`; else the kind. */
  readonly code: string
  /** HTTP status; 0 when there was no answer. */
  readonly status: number = 0
  /** What connects this failure with the operator's log; null when there was no answer. */
  readonly requestId: string | null = null
  readonly retryAfterSeconds: number | null = null

  constructor (kind: FailureKind, details: FailureDetails = {}) {
    super(details.message ?? details.code ?? kind)
    this.kind = this.code = kind
    Object.assign(this, details)
  }
}

/** @internal */
export function text (value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** @internal An answer that is none of the good ones. */
export async function failureOf (response: Response): Promise<GatewayError> {
  const { status, headers } = response
  const { error, message, request_id: id } = await response.json().catch(() => null) ?? {}
  const kind = kindOf(status)
  return new GatewayError(kind, {
    status,
    code: text(error) ?? kind,
    message: text(message) ?? kind,
    requestId: text(id),
    retryAfterSeconds: Number(headers.get('retry-after')) || null
  })
}

function kindOf (status: number): FailureKind {
  return kinds[status] ?? (status > 499 ? 'unavailable' : 'malformed')
}
