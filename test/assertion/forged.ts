import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

type Part = Readonly<Record<string, unknown>>

export function encoded (part: Part): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

export function decoded (part: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString())
}

/** What somebody makes of a good assertion who has no key of ours. */
export function forgeries (good: string, x: string): Readonly<Record<string, string>> {
  const [header = '', payload = '', signature = ''] = good.split('.')
  const head = decoded(header)
  const claims = decoded(payload)
  const own = generateKeyPairSync('ed25519').privateKey
  const signed = (part: Part, body: string, key: KeyObject): string => `${encoded(part)}.${body}.${sign(null, Buffer.from(`${encoded(part)}.${body}`), key).toString('base64url')}`
  const admin = encoded({ ...claims, sub: '1' })
  const hmac = (alg: string, key: string | Buffer): string => `${encoded({ ...head, alg })}.${admin}.${createHmac('sha256', key).update(`${encoded({ ...head, alg })}.${admin}`).digest('base64url')}`
  return {
    'another subject': `${header}.${admin}.${signature}`,
    'one byte of the payload changed': `${header}.${payload.slice(0, 20)}${payload[20] === 'A' ? 'B' : 'A'}${payload.slice(21)}.${signature}`,
    'one byte of the signature changed': `${header}.${payload}.${signature.slice(0, 40)}${signature[40] === 'A' ? 'B' : 'A'}${signature.slice(41)}`,
    'alg none without a signature': `${encoded({ ...head, alg: 'none' })}.${admin}.`,
    'alg None with the old signature': `${encoded({ ...head, alg: 'None' })}.${admin}.${signature}`,
    'HS256 with the public key as the secret': hmac('HS256', Buffer.from(x, 'base64url')),
    'HS256 with its text as the secret': hmac('HS256', x),
    'another key under our kid': signed(head, admin, own),
    'another key under its own kid': signed({ ...head, kid: 'mine' }, admin, own),
    'another key that comes along as jwk': signed({ ...head, jwk: own.export({ format: 'jwk' }) }, admin, own),
    'no kid': signed({ alg: 'EdDSA' }, admin, own),
    'no signature': `${header}.${payload}.`,
    'two parts': `${header}.${payload}`,
    'four parts': `${good}.x`,
    'five parts': `${good}..`,
    nothing: '',
    rubbish: 'a.b.c'
  }
}
