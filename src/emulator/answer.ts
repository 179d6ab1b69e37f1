import { exactJson, type Members } from './json.ts'

/** What an endpoint answers, before any fault touches it. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly members: Members
}

/** The same as text, ready to be sent. */
export interface WireAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Sent in the place of `body`, as gzip, whatever the client takes. */
  readonly gzipped?: Buffer
}

export function answer (status: number, members: Members, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, members, headers }
}

/** An error as RFC 6749 §5.2 and RFC 6750 §3 write it. */
export function oauthError (status: number, error: string, description: string): Answer {
  const challenge = status === 401 ? { 'www-authenticate': `Bearer error="${error}"` } : {}
  return answer(status, { error, error_description: description }, challenge)
}

/** A refusal as one-api writes it, provider.md F-40. */
export function envelopeError (status: number, message: string): Answer {
  return answer(status, { success: false, message })
}

export function isSuccess ({ status }: { readonly status: number }): boolean {
  return status >= 200 && status < 300
}

export function onTheWire ({ status, headers, members }: Answer): WireAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body: exactJson(members) }
}
