import { createHash } from 'node:crypto'
import { render } from './html.ts'
import { stylesheet } from './stylesheet.ts'

const styleHash = createHash('sha256').update(render(stylesheet)).digest('base64')

const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'"
].join('; ')

/** The headers of every page of ours. A page may name a person and depends on who asks, so nobody may keep it. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  // Not no-referrer: under it the sign-out form would send `Origin: null`, which is what a cross-site form sends.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
  vary: 'accept-language, cookie',
  // The sign-in popup must stay reachable for its opener, and a page that opened us must not reach us.
  'cross-origin-opener-policy': 'same-origin-allow-popups',
  'x-frame-options': 'DENY'
}
