import type { ServerResponse } from 'node:http'
import { pairs, type ReceivedHeaders } from './response-headers.ts'

/**
 * Fields that decide something before a body ends (RFC 9110 §6.5.1): framing, routing, conditions, credentials and cookies, caching, what
 * the content is, what a page may do. Whoever merges trailers into headers would take them for that.
 */
const decidesEarlier = new Set([
  'transfer-encoding', 'trailer', 'te', 'connection', 'keep-alive', 'upgrade', 'http2-settings', 'host', 'expect', 'max-forwards', 'range', 'accept-ranges',
  'authorization', 'www-authenticate', 'cookie', 'set-cookie', 'set-cookie2', 'age', 'cache-control', 'expires', 'date', 'pragma', 'vary', 'location', 'refresh', 'retry-after',
  'link', 'clear-site-data', 'strict-transport-security', 'referrer-policy', 'permissions-policy', 'feature-policy', 'x-frame-options', 'x-content-type-options', 'alt-svc', 'service-worker-allowed', 'sourcemap'
])
const decidesEarlierBeginning = /^(content-(?!digest$)|access-control-|proxy-|if-|sec-|cross-origin-|x-forwarded)/

/** Whether who sent this TE field takes trailers, and so does everybody behind (RFC 9110 §10.1.4). */
export function takesTrailers (te: string): boolean {
  return /(^|,)\s*trailers\s*(,|$)/i.test(te)
}

/** Which fields of an app's trailer section pass, as they came. */
export function createResponseTrailers (identityNames: readonly string[]) {
  const identity = new Set(identityNames.map((name) => name.toLowerCase()))

  function mayPass (name: string): boolean {
    const lower = name.toLowerCase()
    return !identity.has(lower) && !decidesEarlier.has(lower) && !decidesEarlierBeginning.test(lower)
  }

  return function responseTrailers (received: ReceivedHeaders): Array<[name: string, value: string]> {
    return pairs(received).filter(([name]) => mayPass(name))
  }
}

export type ResponseTrailers = ReturnType<typeof createResponseTrailers>

/** Trailers stay trailers, for a client that takes them; for all others they end here. To be called before the answer is ended. */
export function passTrailers (response: ServerResponse, received: ReceivedHeaders, responseTrailers: ResponseTrailers | undefined): void {
  if (responseTrailers !== undefined && takesTrailers(String(response.req.headers['te']))) response.addTrailers(responseTrailers(received))
}
