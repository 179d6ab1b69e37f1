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
