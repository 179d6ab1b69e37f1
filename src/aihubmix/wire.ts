import { z } from 'zod'

/** What AIHubMix sends, read tolerantly where its contract is silent and strictly where a user could be hurt. */

/**
 * Parses a body as a JSON object without rounding: an integer beyond 2^53 becomes a bigint.
 * @throws SyntaxError when the body is no JSON object
 */
export function parseJsonObject (text: string): Readonly<Record<string, unknown>> {
  const body: unknown = JSON.parse(text, exactInteger)
  return z.record(z.string(), z.unknown()).parse(body)
}

function exactInteger (this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source
  const isExact = typeof value !== 'number' || source === undefined || Number.isSafeInteger(value) || !/^-?\d+$/.test(source)
  return isExact ? value : BigInt(source)
}

const envelope = z.looseObject({ success: z.literal(true), data: z.record(z.string(), z.unknown()) })
const refusal = z.union([
  z.looseObject({ success: z.literal(false) }),
  z.looseObject({ error: z.union([z.string(), z.record(z.string(), z.unknown())]) })
])

/** The members themselves, whether AIHubMix wrapped them in `{success: true, data}` or not (V-01, V-02). */
export function unwrapped (body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return envelope.safeParse(body).data?.data ?? body
}

/** A refusal under any status: one-api answers errors as HTTP 200 `{"success":false}` (V-03, V-04, F-40). */
export function isRefusal (body: Readonly<Record<string, unknown>>): boolean {
  return refusal.safeParse(body).success
}

const longestSaying = 200

/**
 * What AIHubMix says in words, for the log and nobody else (V-45): in any language, never matched, cut, without control and direction
 * signs, and without anything long enough to be a token.
 */
export function saying (body: Readonly<Record<string, unknown>>): string {
  const inner = z.looseObject({ error: z.looseObject({ message: z.unknown() }) }).safeParse(body).data?.error.message
  const text = [body['error_description'], body['message'], inner].find((said) => typeof said === 'string' && said !== '')
  if (typeof text !== 'string') return 'AIHubMix gave no reason'
  const shown = text.replace(/[\p{Cc}\p{Cf}]/gu, ' ').replace(/[\w.~+/=-]{20,}/g, '…').slice(0, longestSaying)
  return `AIHubMix said ${JSON.stringify(shown)}`
}

/** What a token response leaves out although the standard wants it, and what is assumed in its place (V-15, V-16). */
export function oddInTokens ({ expires_in: expiresIn, token_type: tokenType }: Readonly<Record<string, unknown>>): readonly string[] {
  return [
    ...(Number(expiresIn ?? 0) > 0 ? [] : [`the token response has no usable expires_in: ${defaultLifetimeSeconds} seconds are assumed`]),
    ...(tokenType == null ? ['the token response has no token_type: it is read as bearer'] : [])
  ]
}

const scopeList = z.union([
  z.string().transform((scope) => scope.split(/[\s,]+/).filter((part) => part !== '')),
  z.array(z.string())
])
const wholeSeconds = z.union([z.number(), z.string().regex(/^\d+(\.\d+)?$/).transform(Number)])

const defaultLifetimeSeconds = 7_200
const longestLifetimeSeconds = 86_400

/** The token response (RFC 6749 §5.1) as the standard wants it; `scope` and `expires_in` are repaired by V-15 to V-17. */
export const tokenResponse = z.looseObject({
  // V-18: opaque, but it goes into a header
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  // V-16: missing is read as bearer; another type is refused
  token_type: z.string().regex(/^bearer$/i).nullish().transform(() => 'bearer' as const),
  expires_in: wholeSeconds.nullish().catch(null).transform((seconds) =>
    seconds == null || seconds <= 0 ? defaultLifetimeSeconds : Math.min(seconds, longestLifetimeSeconds)),
  // V-10, X-44: null, "" and absent are the same: none
  refresh_token: z.string().nullish().transform((token) => token === '' ? null : token ?? null),
  scope: scopeList.nullish().catch(null)
})

const displayLength = 200

/** Absent, null, "" and other types are "not known" (V-23, V-24, V-27). */
const textOrUnknown = z.string().transform((text) => text.trim().slice(0, displayLength)).nullish().catch(null)
  .transform((text) => text == null || text === '' ? null : text)

const identifier = z.union([z.string(), z.number().int(), z.bigint()])
  .transform((id) => String(id).trim())
  .refine((id) => id !== '' && id.length <= displayLength)

/** The userinfo response. Which of `id` and `username` is the subject is the configuration's to say. */
export const userinfoResponse = z.looseObject({
  id: identifier.nullish().catch(null).transform((id) => id ?? null),
  username: textOrUnknown,
  email: textOrUnknown.transform((email) => email !== null && /^[^\s@]+@[^\s@]+$/.test(email) ? email : null),
  balance_formatted: textOrUnknown,
  status: z.union([z.string(), z.number(), z.bigint()]).nullish().transform((status) => status == null ? null : String(status))
})

export const topupResponse = z.looseObject({ topup_url: z.string().max(2_048) })

export const appResponse = z.looseObject({
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  redirect_uri: z.string().optional()
})
export type CreatedApp = z.output<typeof appResponse>
