import type { WireAnswer } from '../answer.ts'
import { exactJson } from '../json.ts'
import { oneOf, wholeNumber } from './args.ts'
import { type FaultArgs, FaultRefused, type FaultStages, type Visit } from './stages.ts'

type RetryAfter = 'none' | 'seconds' | 'date'

/** E-53: so many requests in a window for each address, as one-api limits its API (provider.md F-50). */
export const limitKinds = {
  rate_limit (args: FaultArgs): FaultStages {
    const most = wholeNumber(args, 'n', 480)
    const windowMs = wholeNumber(args, 'window_seconds', 180) * 1000
    if (most < 1 || windowMs < 1) throw new FaultRefused('"n" and "window_seconds" must be 1 or more.')
    const retryAfter = oneOf<RetryAfter>(args, 'retry_after', ['none', 'seconds', 'date'])
    const body = oneOf(args, 'body', ['empty', 'json'])
    const admittedAt = new Map<string, number[]>()
    return {
      endpoint: '*',
      limit (visit) {
        const freeAt = nextFreeAt(admittedAt, visit, most, windowMs)
        return freeAt === null ? null : tooMany(freeAt, visit.at, retryAfter, body)
      }
    }
  }
}

/** Null, and the visit is noted, when it fits into the window before it; else when the next one will. A refused visit does not count. */
function nextFreeAt (admittedAt: Map<string, number[]>, { address, at }: Visit, most: number, windowMs: number): number | null {
  const recent = (admittedAt.get(address) ?? []).filter((admitted) => at - admitted < windowMs)
  const [oldest = at] = recent
  if (recent.length >= most) return oldest + windowMs
  admittedAt.set(address, [...recent, at])
  return null
}

function tooMany (freeAt: number, now: number, retryAfter: RetryAfter, body: 'empty' | 'json'): WireAnswer {
  const seconds = String(Math.max(1, Math.ceil((freeAt - now) / 1000)))
  const value = { none: null, seconds, date: new Date(freeAt).toUTCString() }[retryAfter]
  const json = body === 'json'
  return {
    status: 429,
    headers: { ...(json ? { 'content-type': 'application/json; charset=utf-8' } : {}), ...(value === null ? {} : { 'retry-after': value }) },
    body: json ? exactJson({ success: false, message: 'Too many requests; please try again later.' }) : ''
  }
}
