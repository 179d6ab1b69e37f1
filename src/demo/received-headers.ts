import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What the gateway says about the user, in the form a person reads; null when it did not say. */
export interface Visitor {
  readonly userId: string | null
  readonly email: string | null
  readonly balance: string | null
}

const told = /^(?:x-user-|x-forwarded-|(?:forwarded|host|x-request-id|x-real-ip|traceparent|tracestate)$)/i

/** The gateway percent-encodes what a header cannot carry. A value that is not such an encoding is shown as it came. */
function decoded (value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

function identityValue (headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' ? decoded(value) : null
}

/** Believes the headers: only the gateway can reach this app, and it drops every copy a client sends. */
export function visitor ({ headers }: IncomingMessage): Visitor {
  return {
    userId: identityValue(headers, 'x-user-id'),
    email: identityValue(headers, 'x-user-email'),
    balance: identityValue(headers, 'x-user-balance')
  }
}

/** Identity and forwarded headers as they came over the wire; one sent twice is listed twice. */
export function receivedHeaders ({ rawHeaders }: IncomingMessage): ReadonlyArray<readonly [name: string, value: string]> {
  const names = rawHeaders.filter((_, i) => i % 2 === 0)
  return names.map((name, i) => [name, rawHeaders[i * 2 + 1] ?? ''] as const).filter(([name]) => told.test(name))
}
