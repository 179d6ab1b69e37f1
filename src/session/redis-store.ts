import { randomBytes } from 'node:crypto'
import { Cluster, type Redis } from 'ioredis'
import { SessionStoreUnavailable } from '../errors.ts'
import { createInvalidationFeed, type InvalidationFeed } from './invalidation-feed.ts'
import { createKeptWrites, type KeptWrites } from './kept-writes.ts'
import { createRedisIndex } from './redis-index.ts'
import { connectAgainWhenEnded, createRedisConnection, type RedisConnectionOptions } from './redis-connection.ts'
import { revisionBytes, type Lease, type SessionId, type SessionStore } from './store.ts'

export interface RedisStoreOptions extends RedisConnectionOptions {
  readonly keyPrefix: string
  /** Told each time the connection or a command fails; the store reconnects by itself. */
  readonly onError?: (error: Error) => void
  /** Told each time a command is answered, and when the connection is ready. */
  readonly onAnswer?: () => void
  /** Told once when this Redis does not tell of changes (client-side tracking): every request then reads its session. */
  readonly onTrackingRefused?: (error: Error) => void
}

/** A value is replaced or deleted only while it still begins with the revision the caller has read; replaced with the same twice is once. */
const replaceScript = `
local current = redis.call('GETRANGE', KEYS[1], 0, ${revisionBytes - 1})
if current ~= ARGV[1] and current ~= string.sub(ARGV[2], 1, ${revisionBytes}) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

/** A beginning that is written again must not undo an end that came in between. */
const createAgainScript = `
if redis.call('EXISTS', KEYS[2]) == 1 then return end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])`

const deleteScript = `
redis.call('SET', KEYS[2], '', 'PX', ARGV[1])
redis.call('DEL', KEYS[1])`

/** What is not there any more when it is deleted again, the first time has deleted. */
const deleteRevisionScript = `
local current = redis.call('GETRANGE', KEYS[1], 0, ${revisionBytes - 1})
if current == '' then return tonumber(ARGV[2]) end
if current ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

const renewLeaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

const releaseLeaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/** How long an end is remembered: longer than a beginning is written again. */
const endedMs = 15_000

/**
 * Sessions shared by all replicas. All keys of one session carry the same hash tag, so they live on one cluster node.
 * A call waits for a lost connection half of `commandTimeoutMs`, and altogether no longer than that: ioredis' own default is
 * over a minute, and its commands also wait for those that were sent before them.
 */
export function createRedisStore (options: RedisStoreOptions): SessionStore {
  const { keyPrefix } = options
  const connectWaitMs = Math.ceil(options.commandTimeoutMs / 2)
  const redis = createRedisConnection(options)
  let isClosed = false
  // Closed before it was connected, ioredis tells of an error: it would be logged as an outage of Redis that there is not.
  redis.on('error', (error: Error) => { if (!isClosed) options.onError?.(wordsOf(error)) })
  redis.on('ready', () => options.onAnswer?.())
  connectAgainWhenEnded(redis, () => !isClosed)
  // Starts without Redis and becomes ready later: the first failure is told through 'error', ioredis goes on trying.
  redis.connect().catch(() => {})

  const sessionKey = (id: SessionId): string => `${keyPrefix}session:{${id}}`
  const leaseKey = (id: SessionId): string => `${keyPrefix}lease:{${id}}`
  const endedKey = (id: SessionId): string => `${keyPrefix}ended:{${id}}`
  const feed = redis instanceof Cluster
    ? unheard
    : createInvalidationFeed({
      beside: redis,
      keyPrefix: `${keyPrefix}session:{`,
      keySuffix: '}',
      onRefused: (error) => options.onTrackingRefused?.(wordsOf(error))
    })
  // Where a name leads to another server after a failover, the feed must not stay with the old one.
  redis.on('close', () => feed.restart())

  const spentKey = (name: string): string => `${keyPrefix}spent:{${name}}`

  async function run<Answer> (command: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await within(options.commandTimeoutMs, redis.status === 'ready' ? command() : connected(redis, connectWaitMs).then(command))
      options.onAnswer?.()
      return answer
    } catch (cause) {
      const error = wordsOf(cause)
      options.onError?.(error)
      throw new SessionStoreUnavailable(error)
    }
  }

  const isKept = 'sentinels' in options.place
  const kept: KeptWrites = redis instanceof Cluster || !isKept
    ? { keep: (write) => write(false) }
    : createKeptWrites({ acknowledged: (withinMs) => run(() => redis.wait(1, withinMs)) })

  // The nodes of a Cluster have one slot's keys each: reads go one by one, and a node that is away takes no other's with it.
  const readOne = redis instanceof Cluster ? (key: string) => run(() => redis.getBuffer(key)) : batched((keys) => run(() => redis.mgetBuffer(keys)))

  function redisLease (id: SessionId, holder: string, ttlMs: number): Lease {
    return {
      renew (forMs) {
        const renew = (): Promise<boolean> => run(async () => await redis.eval(renewLeaseScript, 1, leaseKey(id), holder, forMs ?? ttlMs) === 1)
        return forMs === undefined ? renew() : kept.keep(renew)
      },
      release: () => run(async () => { await redis.eval(releaseLeaseScript, 1, leaseKey(id), holder) })
    }
  }

  return {
    changes: feed,
    index: createRedisIndex({ redis, keyPrefix: `${keyPrefix}user:`, run, kept }),
    read: (id) => readOne(sessionKey(id)),
    create: (id, value, ttlMs) => kept.keep((isAgain) => run(async () => {
      if (isAgain) await redis.eval(createAgainScript, 2, sessionKey(id), endedKey(id), value, ttlMs)
      else await redis.set(sessionKey(id), value, 'PX', ttlMs)
    })),
    replace: (id, revision, value, ttlMs) => kept.keep(() => run(async () => await redis.eval(replaceScript, 1, sessionKey(id), revision, value, ttlMs) === 1)),
    delete: (id) => kept.keep(() => run(async () => {
      if (isKept) await redis.eval(deleteScript, 2, sessionKey(id), endedKey(id), endedMs)
      else await redis.del(sessionKey(id))
    })),
    deleteRevision: (id, revision) => kept.keep((isAgain) => run(async () => await redis.eval(deleteRevisionScript, 1, sessionKey(id), revision, isAgain ? 1 : 0) === 1)),
    spendOnce: (name, ttlMs) => run(async () => await redis.set(spentKey(name), '', 'PX', ttlMs, 'NX') === 'OK'),
    lease: (id, ttlMs) => run(async () => {
      const holder = randomBytes(16).toString('base64url')
      return await redis.set(leaseKey(id), holder, 'PX', ttlMs, 'NX') === 'OK' ? redisLease(id, holder, ttlMs) : null
    }),
    ping: () => run(async () => { await redis.ping() }),
    async close () {
      isClosed = true
      feed.close()
      redis.disconnect()
    }
  }
}

/** A Cluster's nodes would each have to be listened to, through failovers and slots that move: nothing is believed instead (decision 0036). */
const unheard: InvalidationFeed = { isHeard: () => false, onChange () {}, onGap () {}, restart () {}, close () {} }

/**
 * An error with the words of this one and nothing else: ioredis hangs the whole command on its errors, the password of AUTH
 * and sealed sessions included, and Redis repeats the arguments of a command it does not know.
 */
function wordsOf (error: unknown): Error {
  const words = error instanceof Error ? error.message : String(error)
  return new Error(words.replace(/, with args beginning with:.*/s, ''))
}

/** What is asked for in one turn of the event loop goes as one MGET, each key once: one command, one answer and one deadline. */
function batched (read: (keys: string[]) => Promise<(Buffer | null)[]>): (key: string) => Promise<Buffer | null> {
  let indexes = new Map<string, number>()
  let answers: Promise<(Buffer | null)[]> | null = null

  const readAll = (): Promise<(Buffer | null)[]> => {
    const asked = indexes
    indexes = new Map()
    answers = null
    return read([...asked.keys()])
  }

  return async (key) => {
    answers ??= new Promise<void>((resolve) => setImmediate(resolve)).then(readAll)
    const index = indexes.get(key) ?? indexes.size
    indexes.set(key, index)
    return (await answers)[index] ?? null
  }
}

function within<Answer> (ms: number, answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${ms} ms`)), ms)
    answer.then((value) => { clearTimeout(timer); resolve(value) }, (error: unknown) => { clearTimeout(timer); reject(error) })
  })
}

/** Resolves when the connection is ready; rejects after `waitMs`. */
function connected (redis: Redis | Cluster, waitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onReady = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      redis.off('ready', onReady)
      reject(new Error(`Redis is not connected (${redis.status})`))
    }, waitMs)
    redis.setMaxListeners(0)
    redis.once('ready', onReady)
  })
}
