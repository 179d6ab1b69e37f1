import { isDeepStrictEqual } from 'node:util'
import type { Config } from './schema.ts'

/** What is set up once, at start: listeners, workers, the store's connection, the level of the log. */
const setUpAtStart: Readonly<Record<string, (config: Config) => unknown>> = {
  'server.listen': ({ server }) => server.listen,
  'server.tls': ({ server }) => server.tls === null, // its files are read again with everything else
  'server.workers': ({ server }) => server.workers,
  'server.limits.headerBytes': ({ server }) => server.limits.headerBytes,
  'server.limits.headersTimeout': ({ server }) => server.limits.headersTimeout,
  'server.limits.requestTimeout': ({ server }) => server.limits.requestTimeout,
  'server.limits.idleTimeout': ({ server }) => server.limits.idleTimeout,
  'admin.listen': ({ admin }) => admin.listen,
  'session.redis': ({ session }) => session.redis,
  'log.level': ({ log }) => log.level
}

/** The keys in which two configurations differ and that have no effect before the gateway is started again. */
export function needsRestart (before: Config, after: Config): readonly string[] {
  return Object.entries(setUpAtStart).filter(([, value]) => !isDeepStrictEqual(value(before), value(after))).map(([key]) => key)
}
