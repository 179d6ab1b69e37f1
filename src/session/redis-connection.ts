import { Cluster, Redis, type RedisOptions } from 'ioredis'

interface Node { readonly host: string, readonly port: number }

/** Where Redis is: one server, the master its Sentinels name, or a Cluster. */
export type RedisPlace =
  | { readonly url: string }
  | { readonly sentinels: { readonly masterName: string, readonly nodes: readonly Node[], readonly username?: string | undefined, readonly password?: string | undefined } }
  | { readonly cluster: readonly Node[] }

export interface RedisConnectionOptions {
  readonly place: RedisPlace
  readonly username?: string | null
  readonly password?: string | null
  /** null: as the URL says; plain for Sentinels and Cluster. */
  readonly tls?: RedisOptions['tls'] | null
  readonly commandTimeoutMs: number
}

type Options = Omit<RedisOptions, 'replyMapping'>

const retryDelayMs = (attempt: number): number => Math.min(50 * attempt, 1_000)
/** How soon a Cluster's nodes are asked who has which slots, when one of them just says nothing. */
const slotsEveryMs = 2_000

/** Not connected yet; goes on trying once it was told to connect. */
export function createRedisConnection ({ place, username, password, tls, commandTimeoutMs }: RedisConnectionOptions): Redis | Cluster {
  const each: Options = {
    commandTimeout: commandTimeoutMs,
    connectTimeout: 2_000,
    // A link that died without a word: the kernel would go on sending for a quarter of an hour.
    socketTimeout: 2 * commandTimeoutMs,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    ...(username == null ? {} : { username }),
    ...(password == null ? {} : { password }),
    ...(tls == null ? {} : { tls })
  }
  if ('cluster' in place) return createCluster(place.cluster, each)
  const one: Options = {
    ...each,
    lazyConnect: true,
    // Commands wait in the store, bounded in time; ioredis' own queue would hold them, and their memory, for the whole outage.
    enableOfflineQueue: false,
    retryStrategy: retryDelayMs,
    // A failover leaves the old master read-only: connect anew, to where the name points now.
    reconnectOnError: (error) => error.message.startsWith('READONLY')
  }
  return 'url' in place ? new Redis(place.url, one) : new Redis({ ...one, ...sentinelOptions(place, commandTimeoutMs, tls) })
}

/**
 * Connects again where ioredis ends for good (status `end`): when it hears of a failover while it makes a connection, it closes that one
 * and tries no other. Without this a process would be without Redis until it was started anew.
 */
export function connectAgainWhenEnded (redis: Redis | Cluster, isWanted: () => boolean): void {
  redis.on('end', () => {
    setTimeout(() => { if (isWanted() && redis.status === 'end') redis.connect().catch(() => {}) }, retryDelayMs(1)).unref()
  })
}

function sentinelOptions ({ sentinels: { masterName, nodes, username, password } }: Extract<RedisPlace, { sentinels: object }>, timeoutMs: number, tls: RedisConnectionOptions['tls']): Options {
  return {
    name: masterName,
    sentinels: nodes.map((node) => ({ ...node })),
    sentinelRetryStrategy: retryDelayMs,
    sentinelCommandTimeout: timeoutMs,
    // A master that stands still keeps its connections: the Sentinels say when another has taken over.
    failoverDetector: true,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls == null ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls })
  }
}

function createCluster (nodes: readonly Node[], redisOptions: Options): Cluster {
  return new Cluster(nodes.map((node) => ({ ...node })), {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelayMs,
    slotsRefreshTimeout: 2_000,
    slotsRefreshInterval: slotsEveryMs,
    maxRedirections: 5, // a slot that moves is asked for at its new place; whoever waits is told in time either way
    retryDelayOnFailover: 100,
    redisOptions
  })
}
