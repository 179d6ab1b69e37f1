import { access, constants } from 'node:fs/promises'
import { errorCode } from './file.ts'
import type { Path } from './outline.ts'
import { pathText, type Problem } from './problems.ts'
import type { ClientTls, Config } from './schema.ts'

/** Certificates and keys that a configuration names, with the key that names each. */
export function namedFiles ({ server, session, routes, pages }: Config): ReadonlyArray<{ readonly path: Path, readonly file: string }> {
  return [
    ...filesOf(server.tls ?? {}, ['server', 'tls']),
    ...filesOf(session.redis?.tls ?? {}, ['session', 'redis', 'tls']),
    ...routes.flatMap(({ tls }, index) => filesOf(tls, ['routes', index, 'tls'])),
    ...(['logoFile', 'templateFile'] as const).flatMap((key) => pages[key] === null ? [] : [{ path: ['pages', key], file: pages[key] }])
  ]
}

function filesOf (tls: Partial<ClientTls>, path: Path) {
  return (['ca', 'certFile', 'keyFile'] as const).flatMap((key) => {
    const file = tls[key]
    return file === undefined ? [] : [{ path: [...path, key], file }]
  })
}

/** One problem for each named file that cannot be read: better now than at the first request that needs it. */
export async function unreadableFiles (config: Config, placeOf: (path: Path) => string): Promise<readonly Problem[]> {
  const problems = await Promise.all(namedFiles(config).map(async ({ path, file }): Promise<readonly Problem[]> => {
    const code = await access(file, constants.R_OK).then(() => null, errorCode)
    return code === null ? [] : [{ path: pathText(path), where: placeOf(path), message: `names a file that cannot be read (${code})`, hint: 'Check the path and the permissions' }]
  }))
  return problems.flat()
}
