import { GatewayError } from '../errors.ts'

/**
 * The one reading of a request target that decisions are made on. `raw` is the very string that is forwarded.
 * Nearly every gateway bypass is one bug: the path decided on is not the path the app acts on.
 */
export interface RequestTarget {
  readonly raw: string
  /** As RFC 3986 §6.2.2 reads it: unreserved characters decoded, nothing else. */
  readonly path: string
  /** As the laxest server could read it: everything decoded, path parameters cut, slashes merged. Equals `path` almost always. */
  readonly laxPath: string
  /** Everything under /oauth2, in any spelling, is the gateway's and never proxied. */
  readonly isReserved: boolean
}

/** What cannot be in a target two servers read alike: `#`, and what RFC 3986 never allows. */
const forbiddenAnywhere = /[^\x21-\x7e\x80-\xff]|#/
const forbiddenInPath = /[\\\x80-\xff]|%00|%5c/i
const worthASecondLook = /%|;|\/\/|\/\./
const reservedPath = /^\/oauth2(\/|$)/i

/** @throws GatewayError malformed_request_target for what two servers could read differently (RFC 9110 §4.2, RFC 3986 §6.2.2) */
export function readRequestTarget (raw: string): RequestTarget {
  const queryAt = raw.indexOf('?')
  const sent = queryAt === -1 ? raw : raw.slice(0, queryAt)
  if (forbiddenAnywhere.test(raw) || forbiddenInPath.test(sent) || sent[0] !== '/' || sent[1] === '/') refuse(raw)
  if (!worthASecondLook.test(sent)) return { raw, path: sent, laxPath: sent, isReserved: reservedPath.test(sent) }

  const path = decodedUnreserved(sent)
  const laxPath = laxReading(sent)
  return { raw, path, laxPath, isReserved: reservedPath.test(laxPath) || reservedPath.test(path) }
}

function laxReading (sent: string): string {
  if (sent.includes(';') && sent.split('/').some(hidesSlash)) refuse(sent)
  const segments = decoded(sent).split('/').map((segment) => segment.split(';', 1)[0] ?? '')
  if (segments.some((segment) => segment === '.' || segment === '..')) refuse(sent)
  return segments.join('/').replace(/\/{2,}/g, '/')
}

/** A server that cuts path parameters before it decodes loses a part of the path with them: `/a;x%2fb/c` is `/a/c` there, and `/a/b/c` elsewhere. */
function hidesSlash (segment: string): boolean {
  const parametersAt = segment.indexOf(';')
  return parametersAt !== -1 && /%2f/i.test(segment.slice(parametersAt))
}

function decoded (path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    return refuse(path, cause)
  }
}

function decodedUnreserved (path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return /[\w.~-]/.test(character) ? character : escape
  })
}

/** Without the query, which may hold a code: the cause is logged. */
function refuse (target: string, cause: unknown = new Error(`request target ${JSON.stringify(target.split('?', 1)[0]?.slice(0, 200))}`)): never {
  throw new GatewayError('malformed_request_target', { cause })
}
