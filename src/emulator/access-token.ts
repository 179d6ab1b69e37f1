import { createHmac } from 'node:crypto'

interface Claims {
  readonly subject: string
  readonly clientId: string
  readonly scope: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly tokenId: string
}

/** A JWT that names its app in `client_id`, in `aud`, or not at all; or no JWT. Nobody outside AIHubMix knows which it is. */
export const accessTokenForms = ['client_id', 'aud', 'no_client', 'opaque'] as const
export type AccessTokenForm = typeof accessTokenForms[number]

const header = encoded({ alg: 'HS256', typ: 'JWT' })

/** A token with the look of AIHubMix's: signed with a key that no client has, so it can only be carried. */
export function signAccessToken (key: string, claims: Claims, form: AccessTokenForm = 'client_id'): string {
  if (form === 'opaque') return `access_${createHmac('sha256', key).update(claims.tokenId).digest('hex')}`
  const payload = encoded({
    sub: claims.subject,
    ...(form === 'client_id' || form === 'aud' ? { [form]: claims.clientId } : {}),
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
