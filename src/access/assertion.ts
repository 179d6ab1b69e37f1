import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, SignJWT, type JWK } from 'jose'
import type { Route } from '../config/schema.ts'
import type { UserSession } from '../session/user-session.ts'

/** The signed identity: a JWT (RFC 7519) an app can verify, so that it need not trust everybody who can reach it. */
export interface Assertions {
  /**
   * The assertion for this user and audience, valid for at least a quarter of its life. At once where one is known; a promise only
   * for the first of a session, or the first after a pause.
   */
  of (session: UserSession, audience: string): string | Promise<string>
  /** The public keys, the one that signs first (RFC 7517 §5). Those of older session keys stand there as long as they are configured. */
  readonly jwks: { readonly keys: readonly JWK[] }
}

interface AssertionsOptions {
  /** The session keys, 32 bytes each: the first signs. */
  readonly keys: readonly Buffer[]
  readonly issuer: string
  readonly ttlMs: number
  readonly now: () => number
}

interface Entry {
  token: string
  expiresAt: number
  signing: Promise<string> | null
}

/** A client's copy never passes, whatever the header is called here. */
export const defaultAssertionHeader = 'X-User-Assertion'

/** A wildcard route has as many audiences as hosts a client can think of. */
const audiencesPerSession = 8
/** How the DER of every Ed25519 private key begins (RFC 8410 §7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

export async function createAssertions ({ keys, issuer, ttlMs, now }: AssertionsOptions): Promise<Assertions> {
  const privateKeys = keys.map(signingKey)
  const publicKeys = await Promise.all(privateKeys.map(publicJwk))
  const [key] = privateKeys
  const [{ kid = '' } = {}] = publicKeys
  if (key === undefined) throw new Error('no session key to derive a signing key from')
  const known = new WeakMap<UserSession, Map<string, Entry>>()

  /** Several requests of one session at once wait for one signature. */
  function sign (session: UserSession, audience: string, entry: Entry): Promise<string> {
    const expiresAtSeconds = Math.floor((now() + ttlMs) / 1000)
    entry.signing ??= new SignJWT(claimsOf(session))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(Math.floor(now() / 1000))
      .setExpirationTime(expiresAtSeconds)
      .sign(key as KeyObject)
      .then((token) => {
        entry.token = token
        entry.expiresAt = expiresAtSeconds * 1000
        return token
      })
      .finally(() => { entry.signing = null })
    return entry.signing
  }

  function entryOf (session: UserSession, audience: string): Entry {
    const entries = known.get(session) ?? new Map<string, Entry>()
    if (entries.size === 0) known.set(session, entries)
    const existing = entries.get(audience)
    if (existing !== undefined) return existing
    const [oldest] = entries.size >= audiencesPerSession ? entries.keys() : []
    if (oldest !== undefined) entries.delete(oldest)
    const entry: Entry = { token: '', expiresAt: 0, signing: null }
    entries.set(audience, entry)
    return entry
  }

  return {
    of (session, audience) {
      const entry = entryOf(session, audience)
      const leftMs = entry.expiresAt - now()
      if (leftMs > ttlMs / 2) return entry.token
      const signed = sign(session, audience, entry)
      if (leftMs <= ttlMs / 4) return signed
      signed.catch(() => {}) // the next request will say so
      return entry.token
    },
    jwks: { keys: publicKeys }
  }
}

/** `aud`: the route's host; where it names none, the public host; where it is a wildcard, the host that was asked for. */
export function audienceOf ({ host }: Pick<Route, 'host'>, hostName: string, publicHost: string): string {
  if (host === null) return publicHost
  return host.startsWith('*.') ? hostName : host
}

/** What is not known is left out, as with the headers. */
function claimsOf ({ identity: { id, username, email, balance } }: UserSession) {
  return {
    sub: id,
    ...(username === null ? {} : { username }),
    ...(email === null ? {} : { email }),
    ...(balance === null ? {} : { balance })
  }
}

/** Derived, so every replica has the same without another secret to configure, and no use of a session key gives it away. */
function signingKey (sessionKey: Buffer): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', sessionKey, '', 'aihubmix-gateway assertion v1', 32))
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })
}

async function publicJwk (key: KeyObject): Promise<JWK> {
  const { kty = '', crv = '', x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return { kty, crv, x, alg: 'EdDSA', use: 'sig', kid: await calculateJwkThumbprint({ kty, crv, x }) }
}
