import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { TrustedProxies } from './trusted-proxies.ts'

const longestChain = 50

/** The address a request came from: the peer's, or what the nearest trusted proxies said; never believed from anyone else. */
export function clientAddressOf ({ socket, headers }: IncomingMessage, trusted: TrustedProxies): string {
  const peer = withoutMapping(socket.remoteAddress ?? '')
  return trusted.includes(peer) ? nearestStranger([...addressChain(single(headers['x-forwarded-for'])), peer], trusted) : peer
}

/** Of a chain that ends with the peer: the last that is none of our proxies. */
export function nearestStranger (chain: readonly string[], trusted: TrustedProxies): string {
  return chain.findLast((address) => !trusted.includes(address)) ?? chain[0] ?? ''
}

/** Node joins repeated headers with a comma. */
export function single (value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}

/**
 * The nearest entries of a chain, as far as they are addresses: what stands before one that is none is nobody's word, and
 * what a client invents in front must not push the true ones out.
 */
export function addressChain (value: string | undefined): readonly string[] {
  if (value === undefined) return []
  const entries = value.split(',').slice(-longestChain).map((entry) => withoutPort(entry.trim()))
  return entries.slice(entries.findLastIndex((entry) => isIP(entry) === 0) + 1).map(withoutMapping)
}

function withoutPort (entry: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? entry
}

/** An IPv4 address as such, though the socket is IPv6. */
export function withoutMapping (address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** An IPv6 line has 64 bits of addresses to itself (RFC 6177 §2), and may use a new one for every request (RFC 8981). */
const groupsOfALine = 4

/**
 * What every limit per client address counts by: an IPv4 address as it is, of an IPv6 address its /64. Counted in full, one line would
 * be 2^64 strangers. Several spellings of one address count as one.
 */
export function countedAs (address: string): string {
  if (isIP(address) !== 6) return address
  const groups = groupsOf(address)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped) return groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]).join('.')
  return `${groups.slice(0, groupsOfALine).map((group) => group.toString(16)).join(':')}::/64`
}

/** The eight groups of a valid IPv6 address (RFC 4291 §2.2), whatever its spelling; a zone is no part of it. */
function groupsOf (address: string): readonly number[] {
  const [bare = ''] = address.split('%', 1)
  const [front = [], back = []] = bare.replace(/\d+\.\d+\.\d+\.\d+$/, asGroups).split('::').map(hexGroups)
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back]
}

function hexGroups (part: string): readonly number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
}

/** An IPv4 address as the last two groups of an IPv6 one. */
function asGroups (dotted: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number)
  return `${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`
}
