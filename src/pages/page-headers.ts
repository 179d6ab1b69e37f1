import { hashOf, plain } from './appearance.ts'
import type { Page } from './layout.ts'

/** Nothing is allowed that the page does not hold itself; its script, where it has one, by its hash alone. */
function contentSecurityPolicy ({ appearance = plain, script }: Page): string {
  const styles = [appearance.stylesheet, ...appearance.template?.styles ?? []].map(hashOf)
  return [
    "default-src 'none'",
    `style-src ${styles.join(' ')}`,
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`]),
    "img-src 'self' data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'"
  ].join('; ')
}

/** The headers of a page of ours. A page may name a person and depends on who asks, so nobody may keep it. */
export function pageHeaders (page: Page): Readonly<Record<string, string>> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(page),
    'x-content-type-options': 'nosniff',
    // Not no-referrer: under it the sign-out form would send `Origin: null`, which is what a cross-site form sends.
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
    vary: 'accept-language, cookie',
    // The sign-in popup must stay reachable for its opener, and a page that opened us must not reach us.
    'cross-origin-opener-policy': 'same-origin-allow-popups',
    'x-frame-options': 'DENY'
  }
}
