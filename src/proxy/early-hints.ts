import type { ServerResponse } from 'node:http'
import { pairs, type ReceivedHeaders } from './response-headers.ts'

/** One link with parameters as hints have them: rel, as, crossorigin … (RFC 8288 §3). */
const plainLink = /^<[^<>]*>(?:\s*;\s*[\w!#$%&'*+.^`|~-]+(?:=(?:"[^;"\s]*"|[^;"\s]+))?)*$/

const hinted = new WeakSet<ServerResponse>()

/**
 * Tells a browser what it may fetch while the app thinks (RFC 8297). Of the app's interim answer only plain links pass: no cookie and no
 * identity can come this way. Once an answer: browsers heed the first, and an app that hints for ever would fill our memory.
 */
export function passEarlyHints (response: ServerResponse, received: ReceivedHeaders): void {
  const { httpVersion, headers } = response.req
  // HTTP/1.0 knows no interim answers (RFC 9110 §15.2); a WebSocket's client awaits 101 or a refusal.
  if (hinted.has(response) || httpVersion === '1.0' || headers.upgrade !== undefined) return
  const links = plainLinks(pairs(received).flatMap(([name, value]) => name.toLowerCase() === 'link' ? [value] : []).join())
  if (links.length === 0) return
  hinted.add(response)
  response.writeEarlyHints({ link: links })
}

/** Split at the commas between links: one may stand within a link or in quotes. */
function plainLinks (value: string): string[] {
  return Array.from(value.matchAll(/<[^<>]*>(?:[^,"<>]|"[^"]*")*/g), ([one]) => one.trim()).filter((one) => plainLink.test(one))
}
