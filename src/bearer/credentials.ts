import { GatewayError } from '../errors.ts'

/** b64token of RFC 6750 §2.1, as long as any AIHubMix token could be. */
const bearerPattern = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i
const longestToken = 8_192

/**
 * The token of an `Authorization: Bearer …` (RFC 6750 §2.1); null when there is no such header, or it speaks another scheme.
 * @throws GatewayError invalid_token for a Bearer header that holds no token
 */
export function bearerToken (authorization: string | undefined): string | null {
  if (authorization === undefined || !/^bearer(?![^\s,])/i.test(authorization)) return null
  const token = bearerPattern.exec(authorization)?.[1]
  if (token === undefined || token.length > longestToken) throw invalidToken('no b64token')
  return token
}

/** The private reason is for the log: which check a token failed is nobody else's business. */
export function invalidToken (reason: unknown): GatewayError {
  return new GatewayError('invalid_token', { cause: typeof reason === 'string' ? new Error(reason) : reason })
}

/** What a token says of itself. Believed only to refuse, or once AIHubMix has accepted the token. */
export interface Claims {
  /** The app it was made for: ours, another, or not said. */
  readonly app: 'ours' | 'other' | 'unknown'
  /** epoch ms; Infinity when it is not said. */
  readonly expiresAt: number
}

/** Reads a JWT's payload (RFC 7519 §3); another form of token says nothing. */
export function claimsOf (token: string, clientId: string): Claims {
  const payload = payloadOf(token)
  const exp = payload['exp']
  return { app: appOf(payload, clientId), expiresAt: typeof exp === 'number' ? exp * 1000 : Infinity }
}

/** `client_id` (RFC 9068 §2.2) and `azp` name the app. `aud` names it only where neither is there: it may be AIHubMix itself. */
function appOf ({ client_id: clientIdClaim, azp, aud }: Readonly<Record<string, unknown>>, clientId: string): Claims['app'] {
  const apps = [clientIdClaim, azp].filter((name) => name != null)
  if (apps.length > 0) return apps.every((name) => name === clientId) ? 'ours' : 'other'
  const audiences = [aud ?? []].flat()
  if (audiences.length === 0) return 'unknown'
  return audiences.includes(clientId) ? 'ours' : 'other'
}

function payloadOf (token: string): Readonly<Record<string, unknown>> {
  const [, payload = '', , ...more] = token.split('.')
  if (more.length > 0) return {}
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return typeof claims === 'object' && claims !== null ? { ...claims } : {}
  } catch {
    return {}
  }
}
