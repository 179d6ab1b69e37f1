import { z } from 'zod'
import { section } from './section.ts'
import { duration } from './units.ts'

/** Names that frame a message, carry somebody's credentials or belong to the proxy itself: an identity never goes there. */
const reserved: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
  'host', 'cookie', 'set-cookie', 'content-length', 'content-type', 'content-encoding', 'expect', 'authorization', 'origin', 'forwarded',
  'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-request-id', 'traceparent', 'tracestate',
  'x-user-balance-low'
])

/** Many servers hand `X_User_Id` and `X-User-Id` to the app under one name, so we count them as one. */
const canonical = (name: string): string => name.toLowerCase().replaceAll('_', '-')

const headerName = z.string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is not a valid header name')
  .refine((name) => !reserved.has(canonical(name)) && !/^sec-(websocket|fetch)-/.test(canonical(name)), 'is a header the gateway or HTTP itself needs; choose another name')

const identityField = z.enum(['id', 'email', 'balance', 'username', 'balanceAt', 'status', 'accessToken'])

/** What each configured header carries. */
export type IdentityField = z.output<typeof identityField>

const identityHeaders = z.record(headerName, identityField)
  .superRefine((set, ctx) => {
    const names = Object.keys(set)
    const twice = names.filter((name, index) => names.findIndex((other) => canonical(other) === canonical(name)) < index)
    for (const name of twice) ctx.addIssue({ code: 'custom', path: [name], message: 'is the same header as one above: neither case nor _ and - make a difference' })
  })

const assertion = z.strictObject({
  header: headerName.default('X-User-Assertion').describe('Header that carries the signed identity'),
  ttl: duration({ atLeast: 5_000 }).refine((ms) => ms <= 300_000, 'is longer than 5m: a copy of an assertion would be good for too long').prefault('60s').describe('How long an assertion is valid')
})

/** The section `headers`. */
export const headersSection = section({
  set: identityHeaders.default({ 'X-User-Id': 'id', 'X-User-Email': 'email', 'X-User-Balance': 'balance' })
    .describe('Header name: id, email, balance, username, balanceAt, status or accessToken'),
  assertion: assertion.nullable().prefault(null).describe('A signed identity, verifiable with the keys at /oauth2/jwks.json')
})
