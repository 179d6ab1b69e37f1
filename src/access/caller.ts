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
