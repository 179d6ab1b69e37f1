import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Config, RedisConfig } from '../config/schema.ts'
import { createMemoryStore } from './memory-store.ts'
import { createOutage } from './outage.ts'
import type { RedisConnectionOptions, RedisPlace } from './redis-connection.ts'
import { createRedisStore, type RedisStoreOptions } from './redis-store.ts'
import type { SessionStore } from './store.ts'

interface StoreLog {
  info (details: object, message: string): void
  warn (details: object, message: string): void
  error (details: object, message: string): void
}

/** The store the configuration asks for; it connects by itself, now or when it can. */
export function openStore ({ session: { redis }, aihubmix: { clientId } }: Pick<Config, 'session' | 'aihubmix'>, log: StoreLog): SessionStore {
  if (redis === null) return createMemoryStore()
  const outage = createOutage(log)
  if (redis.cluster !== undefined) log.info({}, 'sessions are not cached with Redis Cluster: every request reads its own')
  return createRedisStore({
    ...connectionOptions(redis),
    keyPrefix: keyPrefixOf(redis, clientId),
    onError: outage.failed,
    onAnswer: outage.answered,
    onTrackingRefused: (error) => log.warn({ err: error }, 'Redis does not tell of changes (CLIENT TRACKING): sessions are not cached, every request reads its own')
  })
}

/** Gateways of two apps never see each other's sessions, nor count each other's requests, on one Redis either. */
export function keyPrefixOf ({ keyPrefix }: Pick<RedisConfig, 'keyPrefix'>, clientId: string): string {
  return `${keyPrefix}${clientId}:`
}

/** How the Redis of the configuration is reached; reads the certificates it names, now and for each connection. */
export function connectionOptions (redis: RedisConfig): RedisConnectionOptions {
  return {
    place: placeOf(redis),
    username: redis.username ?? null,
    password: redis.password ?? null,
    tls: tlsOptions(redis.tls),
    commandTimeoutMs: redis.commandTimeout
  }
}

function placeOf ({ url, sentinels, cluster }: RedisConfig): RedisPlace {
  if (sentinels !== undefined) return { sentinels }
  if (cluster !== undefined) return { cluster }
  return { url: url ?? '' } // one of the three is there: config/session-rules.ts
}

function tlsOptions (tls: RedisConfig['tls']): RedisStoreOptions['tls'] {
  if (tls === undefined) return null
  const { verify, serverName, ca, certFile, keyFile } = tls
  const options = { rejectUnauthorized: verify, ...(serverName === undefined ? {} : { servername: serverName }) }
  if (ca === undefined && certFile === undefined) return options
  const readFiles = (): SecureContext => createSecureContext({ ...contentOf('ca', ca), ...contentOf('cert', certFile), ...contentOf('key', keyFile) })
  let context = readFiles()
  // ioredis asks anew for each connection: files that were exchanged count from the next one on, and no restart is needed.
  return {
    ...options,
    get secureContext () {
      try {
        context = readFiles()
      } catch {} // half exchanged: what was good still is, and ioredis would give up for ever over an error here
      return context
    }
  }
}

function contentOf (name: 'ca' | 'cert' | 'key', file: string | undefined): SecureContextOptions {
  return file === undefined ? {} : { [name]: readFileSync(file) }
}
