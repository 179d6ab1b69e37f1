import type { IncomingHttpHeaders } from 'node:http'

/** Whether a person's browser navigates: only a navigation is ever redirected to sign in; everything else gets a 401. */
export function isNavigation (method: string, headers: IncomingHttpHeaders): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return wantsHtml(headers)
}

/** Whether an answer is read by a person (a page) or a program (JSON). */
export function wantsHtml (headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-mode'] === 'navigate' ||
    (headers['x-requested-with'] === undefined && (headers.accept ?? '').includes('text/html'))
}

/** As CGI and WSGI fold them: `X_HTTP_Method_Override` is believed as well. */
const overrideHeader = /^x[^a-z0-9](?:http[^a-z0-9])?method(?:[^a-z0-9]override)?$/

/**
 * The methods a POST is to be taken for, by its client's word: frameworks believe these headers, and `_method` in the query. What stands
 * in the body nobody in front of an app can see.
 */
export function methodOverrides (method: string, headers: IncomingHttpHeaders, target: string): readonly string[] {
  if (method !== 'POST') return none
  const claimed = [...Object.keys(headers).filter((name) => overrideHeader.test(name)).flatMap((name) => headers[name] ?? []), ...queryClaims(target)]
  return claimed.flatMap((value) => value.split(',')).map((value) => value.trim().toUpperCase()).filter((value) => value !== '' && value !== method)
}

/** PHP reads `.method` as `_method`. */
function queryClaims (target: string): readonly string[] {
  const at = target.indexOf('?')
  if (at === -1) return none
  return Array.from(new URLSearchParams(target.slice(at))).filter(([name]) => name.trimStart().replace(/[ .[]/g, '_') === '_method').map(([, value]) => value)
}

const none: readonly never[] = []

/** Whether a body follows the headers (RFC 9112 §6.3); a length of 0 is none. */
export function hasBody (headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && Number(headers['content-length']) > 0)
}

/**
 * Whether an unsafe request comes from a page of ours. `Origin` decides; without one, `Sec-Fetch-Site`. A request that shows
 * neither is no browser's, and so no forged one either, but it is refused: nothing of ours needs it.
 */
export function isSameOrigin (headers: IncomingHttpHeaders, origins: readonly string[]): boolean {
  if (headers.origin !== undefined) return origins.includes(headers.origin)
  return headers['sec-fetch-site'] === 'same-origin'
}
