import { randomFillSync } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { addressChain, nearestStranger, single, withoutMapping } from '../access/client-address.ts'
import { isHost } from '../access/host.ts'
import type { TrustedProxies } from '../access/trusted-proxies.ts'
import type { Trace } from '../telemetry/trace.ts'

/** Who sent a request, and by which name it is known in every log: never believed from a peer that is not trusted. */
export interface Forwarded {
  /** Every X-Forwarded-* and trace header the app receives, flat: name, value, name, value … */
  readonly headers: readonly string[]
  readonly clientAddress: string
}

const requestIdPattern = /^[\w.:-]{1,128}$/

const idBytes = 16
const drawn = Buffer.alloc(256 * idBytes)
let drawnAt = drawn.length

/** A new id of a request; it is the id of its trace too (W3C Trace Context §3.2.2.3), so one string finds both. Random bytes are drawn for many at once. */
export function newRequestId (): string {
  if (drawnAt === drawn.length) {
    randomFillSync(drawn)
    drawnAt = 0
  }
  drawnAt += idBytes
  return drawn.toString('hex', drawnAt - idBytes, drawnAt)
}

/** The id a trusted proxy gave this request, else a new one. */
export function requestIdOf (request: IncomingMessage, trusted: TrustedProxies): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && requestIdPattern.test(given) && trusted.includes(request.socket.remoteAddress ?? '') ? given : newRequestId()
}

/** Builds what tells the app about the browser's side of the request, from nothing but what we know or a trusted proxy said. */
export function createForwarded (publicUrl: URL, trusted: TrustedProxies) {
  const publicProto = publicUrl.protocol.slice(0, -1)

  return function forwarded (request: IncomingMessage, requestId: string, trace: Pick<Trace, 'traceparent' | 'tracestate'>): Forwarded {
    const peer = withoutMapping(request.socket.remoteAddress ?? '')
    const sentHost = request.headers.host ?? publicUrl.host
    if (!trusted.includes(peer)) return { clientAddress: peer, headers: told(peer, sentHost, publicProto, requestId, trace) }

    const { headers } = request
    const chain = [...addressChain(single(headers['x-forwarded-for'])), peer]
    const host = nearest(headers['x-forwarded-host'], isHost) ?? sentHost
    const proto = nearest(headers['x-forwarded-proto'], isProtocol)?.toLowerCase() ?? publicProto
    return { clientAddress: nearestStranger(chain, trusted), headers: told(chain.join(', '), host, proto, requestId, trace) }
  }
}

function told (chain: string, host: string, proto: string, requestId: string, { traceparent, tracestate }: Pick<Trace, 'traceparent' | 'tracestate'>): readonly string[] {
  const headers = [
    'X-Forwarded-For', chain,
    'X-Forwarded-Host', host,
    'X-Forwarded-Proto', proto,
    'X-Forwarded-Port', portIn(host) ?? (proto === 'https' ? '443' : '80'),
    'X-Request-Id', requestId,
    'traceparent', traceparent
  ]
  if (tracestate !== null) headers.push('tracestate', tracestate)
  return headers
}

function portIn (host: string): string | undefined {
  return host.includes(':') ? /:(\d+)$/.exec(host)?.[1] : undefined
}

/** The last entry of a list is what the nearest trusted proxy saw; one that is not valid is no entry. */
function nearest (value: string | string[] | undefined, isValid: (entry: string) => boolean): string | undefined {
  const last = single(value)?.split(',').at(-1)?.trim()
  return last !== undefined && isValid(last) ? last : undefined
}

function isProtocol (entry: string): boolean {
  return /^https?$/i.test(entry)
}
