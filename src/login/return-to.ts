import { readRequestTarget } from '../access/request-target.ts'
import type { Config } from '../config/schema.ts'

/** A sealed cookie holds it, and a browser drops cookies over 4,096 bytes without a word. */
export const longestTarget = 2_048

interface ReturnToOptions {
  /** The public origin: sign-in always ends there. */
  readonly publicUrl: string
  /** Whether a host may be returned to besides: one of ours that shares the session cookie. */
  readonly sharesSession: (host: string) => boolean
}

/**
 * Where the user goes after sign-in: the local path asked for, byte for byte, or an address on a host that shares the
 * session; everything else becomes `/` (open redirection, RFC 9700 §4.11). Never one of the gateway's own addresses.
 */
export function returnTo (asked: string | null, options: ReturnToOptions): string {
  if (asked === null || asked.length > longestTarget) return '/'
  return isLocalPath(asked, options.publicUrl) || isSharedAddress(asked, options) ? asked : '/'
}

const popupPath = '/oauth2/popup'

/** Where a sign-in by popup ends: our page that tells the one that waits, on the host that page is on. */
export function popupTarget (target: string): string {
  return target.startsWith('/') ? popupPath : new URL(popupPath, target).href
}

/** What `/oauth2/start` is asked for a sign-in that ends at `target`: a popup stays a popup. */
export function startSearch (target: string): Readonly<Record<string, string>> {
  const origin = /^(https?:\/\/[^/?#]+)?\/oauth2\/popup$/.exec(target)
  if (origin === null) return { rd: target }
  return { mode: 'popup', ...(origin[1] === undefined ? {} : { rd: `${origin[1]}/` }) }
}

/** Where a sign-in that failed begins anew. */
export function beginHref (target: string): string {
  const search = startSearch(target)
  return `/oauth2/${search['mode'] === undefined ? 'sign_in' : 'start'}?${new URLSearchParams(search)}`
}

/** The hosts of our routes that see the session cookie: those at or below `cookieDomain`. */
export function sharesSession ({ session: { cookieDomain }, routes }: Pick<Config, 'session' | 'routes'>): (host: string) => boolean {
  return (host) => cookieDomain !== null && (host === cookieDomain || host.endsWith(`.${cookieDomain}`)) &&
    routes.some((route) => route.host === host || (route.host?.startsWith('*.') === true && host.endsWith(route.host.slice(1))))
}

/** One slash and plain visible ASCII: then no browser reads a host into it. The URL parser is asked all the same. */
function isLocalPath (asked: string, publicUrl: string): boolean {
  if (!/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(asked)) return false
  const url = URL.parse(asked, publicUrl)
  return url !== null && url.origin === publicUrl && !url.pathname.startsWith('//') && isOrdinaryTarget(asked)
}

function isSharedAddress (asked: string, { publicUrl, sharesSession }: ReturnToOptions): boolean {
  if (!/^https?:\/\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/i.test(asked)) return false
  const url = URL.parse(asked)
  const ours = new URL(publicUrl)
  return url !== null && url.username === '' && url.password === '' && url.protocol === ours.protocol && url.port === ours.port &&
    (url.hostname === ours.hostname || sharesSession(url.hostname)) && isOrdinaryTarget(url.pathname + url.search)
}

/** A target the proxy would take, and none under /oauth2: that could sign out or loop. */
function isOrdinaryTarget (target: string): boolean {
  try {
    return !readRequestTarget(target.split('#', 1)[0] ?? '/').isReserved
  } catch {
    return false
  }
}
