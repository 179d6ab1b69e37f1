import { cookieNameOf, type OwnCookies } from '../session/cookies.ts'
import type { IncomingHttpHeaders } from 'node:http'

const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'transfer-encoding', 'upgrade', 'trailer'])

/**
 * The flat header list of the app's answer: without what belongs to the hop, without cookies that bear our name (an app must
 * not sign anybody in), and without identity headers.
 */
export function createResponseHeaders (ownCookies: OwnCookies, identityNames: readonly string[]) {
  const dropped = new Set([...hopByHop, ...identityNames.map((name) => name.toLowerCase())])

  return function responseHeaders (headers: IncomingHttpHeaders): string[] {
    const flat: string[] = []
    const named = headers.connection === undefined ? null : new Set(String(headers.connection).toLowerCase().split(',').map((name) => name.trim()))
    for (const name in headers) {
      const value = headers[name]
      if (value === undefined || dropped.has(name) || named?.has(name)) continue
      if (typeof value === 'string') push(flat, name, value)
      else for (const one of value) push(flat, name, one)
    }
    return flat
  }

  function push (flat: string[], name: string, value: string): void {
    // A browser keeps `=name=value` as a cookie without a name, and sends `name=value` back.
    if (name === 'set-cookie' && ownCookies.includes(cookieNameOf(value.replace(/^[=\s]+/, '')))) return
    flat.push(name, value)
  }
}
