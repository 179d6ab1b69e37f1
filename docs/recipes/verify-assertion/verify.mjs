// Verifies X-User-Assertion with Node's own modules (Node 20 or newer). In an app: createVerifier(...) once, then
// `const user = await verify(request.headers['x-user-assertion'])` for each request; it throws where the app must answer 401.
import { createPublicKey, verify as verifySignature } from 'node:crypto'

const leewaySeconds = 5
const refetchMs = 60_000

export function createVerifier ({ jwksUrl, issuer, audience }) {
  let keys = new Map()
  let fetchedAt = -Infinity

  // An unknown key may be a new one; asked for once a minute at most, so nobody can make us ask without end.
  async function keyOf (kid) {
    if (!keys.has(kid) && performance.now() - fetchedAt > refetchMs) {
      const response = await fetch(jwksUrl)
      if (!response.ok) throw new Error(`JWKS: HTTP ${response.status}`)
      const jwks = await response.json()
      keys = new Map(jwks.keys.filter(({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519').map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]))
      fetchedAt = performance.now()
    }
    const key = keys.get(kid)
    if (key === undefined) throw new Error('unknown key')
    return key
  }

  return async function verify (token) {
    const [header, payload, signature, ...rest] = String(token).split('.')
    if (signature === undefined || rest.length > 0) throw new Error('not a JWT')
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url'))
    if (alg !== 'EdDSA') throw new Error('unexpected algorithm') // never what the token likes best
    const key = await keyOf(kid)
    if (!verifySignature(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))) throw new Error('wrong signature')
    const claims = JSON.parse(Buffer.from(payload, 'base64url'))
    if (claims.iss !== issuer) throw new Error('wrong issuer')
    if (claims.aud !== audience) throw new Error('wrong audience')
    if (typeof claims.exp !== 'number' || claims.exp + leewaySeconds < Date.now() / 1000) throw new Error('expired')
    if (typeof claims.sub !== 'string' || claims.sub === '') throw new Error('no subject')
    return claims
  }
}

// To try it: node verify.mjs JWKS_URL ISSUER AUDIENCE, one assertion a line on standard input
if (process.argv[1] === import.meta.filename) {
  const [jwksUrl, issuer, audience] = process.argv.slice(2)
  const verify = createVerifier({ jwksUrl, issuer, audience })
  const { createInterface } = await import('node:readline')
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(await verify(line).then(({ sub, email }) => `ok ${sub} ${email}`, () => 'refused'))
  }
}
