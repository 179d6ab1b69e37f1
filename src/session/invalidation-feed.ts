import type { Redis, RedisOptions } from 'ioredis'
import { connectAgainWhenEnded } from './redis-connection.ts'
import type { SessionId, StoreChanges } from './store.ts'

/** What Redis tells of the sessions written to it, by its own client-side tracking: any tool's write counts, and every expiry. */
export interface InvalidationFeed extends StoreChanges {
  /** Begins anew on a new connection: for when the name of the server may mean another one now. */
  restart (): void
  close (): void
}

export interface InvalidationFeedOptions {
  /** A connection to the server that is to tell; the feed makes its own, to wherever this one leads. */
  readonly beside: Redis
  /** What stands before and behind the id in a session's key. */
  readonly keyPrefix: string
  readonly keySuffix: string
  /** Told once when this Redis does not do client-side tracking. */
  readonly onRefused: (error: Error) => void
}

const channel = '__redis__:invalidate'
const pingEveryMs = 200
/** Invalidations sent before a PING arrive before its answer: this long after the last answered one was sent, nothing is believed. */
const believedForMs = 700
/** A Redis that refused may be another one after a failover or an upgrade. */
const askAgainMs = 30_000

const connectionOptions: RedisOptions = {
  protocol: 2, // ioredis drops the pushes of RESP3 without a word
  autoResubscribe: false, // it would subscribe first, and then tracking cannot be asked for any more
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  lazyConnect: true,
  commandTimeout: undefined,
  socketTimeout: 1_500, // a dead link says nothing; then a new connection is tried
  retryStrategy: (attempt) => Math.min(50 * attempt, 1_000)
}

/** Starts at once, and keeps itself alive until it is closed. */
export function createInvalidationFeed ({ beside, keyPrefix, keySuffix, onRefused }: InvalidationFeedOptions): InvalidationFeed {
  const redis = beside.duplicate(connectionOptions)
  const changeListeners: Array<(id: SessionId) => void> = []
  const gapListeners: Array<() => void> = []
  let isTracking = false
  let isClosed = false
  let wasRefused = false
  let provenAt = -Infinity
  let pinging: NodeJS.Timeout | undefined
  let askingAgain: NodeJS.Timeout | undefined

  const tellGap = (): void => { for (const listener of gapListeners) listener() }

  const tellChange = (key: Buffer): void => {
    const id = key.toString('latin1', keyPrefix.length, key.length - keySuffix.length)
    for (const listener of changeListeners) listener(id)
  }

  /** One connection that redirects to itself fails as one; with two, the loss of either alone would be silent (redis#11767). */
  async function track (): Promise<void> {
    const sentAt = performance.now()
    const own = await redis.client('ID')
    await redis.client('TRACKING', 'ON', 'REDIRECT', own, 'BCAST', 'PREFIX', keyPrefix)
    await redis.subscribe(channel)
    isTracking = true
    provenAt = sentAt
    tellGap() // what was written before tracking ran is never told
    pinging = setInterval(ping, pingEveryMs)
  }

  function ping (): void {
    const sentAt = performance.now()
    redis.ping().then(() => { if (isTracking) provenAt = sentAt }, () => {}) // 'close' follows
  }

  function lost (): void {
    clearInterval(pinging)
    if (!isTracking) return
    isTracking = false
    tellGap()
  }

  /** Commands that Redis itself turned down; everything else is the connection's, and ioredis makes a new one. */
  function refused (error: Error): void {
    if (error.name !== 'ReplyError' || isClosed) return
    if (!wasRefused) onRefused(error)
    wasRefused = true
    redis.disconnect()
    askingAgain = setTimeout(() => {
      askingAgain = undefined
      connect()
    }, askAgainMs).unref()
  }

  function connect (): void {
    redis.connect().catch(() => {}) // told through 'error'; ioredis goes on trying
  }

  redis.on('error', () => {}) // the store's own connection tells of the outage
  redis.on('ready', () => { track().catch(refused) })
  redis.on('close', lost)
  connectAgainWhenEnded(redis, () => !isClosed && askingAgain === undefined)
  redis.on('messageBuffer', (_channel: Buffer, keys: readonly Buffer[] | Buffer | null) => {
    if (Array.isArray(keys)) for (const key of keys) tellChange(key)
    else tellGap() // FLUSHALL or FLUSHDB
  })
  connect()

  return {
    isHeard: () => isTracking && performance.now() - provenAt < believedForMs,
    onChange (listener) { changeListeners.push(listener) },
    onGap (listener) { gapListeners.push(listener) },
    restart () {
      if (!isTracking) return
      lost()
      redis.disconnect(true)
    },
    close () {
      isClosed = true
      clearTimeout(askingAgain)
      redis.disconnect()
      lost()
    }
  }
}
