import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Path } from './outline.ts'
import { pathText, type Problem } from './problems.ts'
import type { ClientTls, Config } from './schema.ts'

type PlaceOf = (path: Path) => string

/**
 * Certificates that cannot be shown, or are not the key's, and authorities that nobody could be verified with: better now than at the
 * first connection. All of these files can be read.
 */
export async function unusableCertificates ({ server, session, routes }: Config, placeOf: PlaceOf): Promise<readonly Problem[]> {
  const ours = server.tls === null ? [] : [await pairProblem(server.tls, ['server', 'tls'], placeOf)]
  const connections = [
    ...(session.redis?.tls === undefined ? [] : [{ tls: session.redis.tls, path: ['session', 'redis', 'tls'] }]),
    ...routes.map(({ tls }, index) => ({ tls, path: ['routes', index, 'tls'] }))
  ]
  const theirs = await Promise.all(connections.map(async ({ tls, path }) => await clientProblems(tls, path, placeOf)))
  return [...ours, ...theirs.flat()].filter((problem) => problem !== null)
}

async function clientProblems ({ ca, certFile, keyFile }: ClientTls, path: Path, placeOf: PlaceOf): Promise<ReadonlyArray<Problem | null>> {
  return [
    ca === undefined ? null : await authorityProblem(ca, [...path, 'ca'], placeOf),
    certFile === undefined || keyFile === undefined ? null : await pairProblem({ certFile, keyFile }, path, placeOf)
  ]
}

async function pairProblem ({ certFile, keyFile }: { readonly certFile: string, readonly keyFile: string }, path: Path, placeOf: PlaceOf): Promise<Problem | null> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)])
    createSecureContext({ cert, key })
    return null
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    return { path: pathText(path), where: placeOf(path), message: `cannot be used${reason}`, hint: 'certFile must hold a PEM certificate chain, and keyFile its private key' }
  }
}

const beginning = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/
const certificates = new RegExp(`(?=${beginning.source})`)

/** Node takes the authorities it can read out of a file, and says nothing of the others: then no connection is accepted. */
async function authorityProblem (file: string, path: Path, placeOf: PlaceOf): Promise<Problem | null> {
  const parts = (await readFile(file, 'latin1')).split(certificates).filter((part) => beginning.test(part))
  const broken = parts.findIndex((part) => !isCertificate(part))
  if (parts.length > 0 && broken === -1) return null
  const message = parts.length === 0 ? 'names a file without a certificate' : `names a file whose certificate ${broken + 1} of ${parts.length} cannot be read`
  return { path: pathText(path), where: placeOf(path), message, hint: 'It must hold the certificates of the authorities as PEM, each whole, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----' }
}

function isCertificate (pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
