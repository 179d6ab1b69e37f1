import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Path } from './outline.ts'
import type { Problem } from './problems.ts'
import type { Config } from './schema.ts'

const path = ['server', 'tls']

/** A certificate that cannot be shown, or that is not the key's: better now than at the first connection. */
export async function unusableCertificate ({ server: { tls } }: Config, placeOf: (path: Path) => string): Promise<readonly Problem[]> {
  if (tls === null) return []
  try {
    const [cert, key] = await Promise.all([readFile(tls.certFile), readFile(tls.keyFile)])
    createSecureContext({ cert, key })
    return []
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    return [{ path: path.join('.'), where: placeOf(path), message: `cannot be used${reason}`, hint: 'certFile must hold a PEM certificate chain, and keyFile its private key' }]
  }
}
