import { createHmac } from 'node:crypto'

interface Claims {
  readonly subject: string
  readonly clientId: string
  readonly scope: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly tokenId: string
}

const header = encoded({ alg: 'HS256', typ: 'JWT' })

/** A token with the look of AIHubMix's: signed with a key that no client has, so it can only be carried. */
export function signAccessToken (key: string, claims: Claims): string {
  const payload = encoded({
    sub: claims.subject,
    client_id: claims.clientId,
    scope: claims.scope,
    iat: Math.floor(claims.issuedAt / 1000),
    exp: Math.floor(claims.expiresAt / 1000),
    jti: claims.tokenId
  })
  const signature = createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url')
  return `${header}.${payload}.${signature}`
}

function encoded (part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
