import type { RedisConfig } from '../config/schema.ts'
import { redisFailure } from '../session/redis-probe.ts'
import type { Finding } from './online-aihubmix.ts'

const withinMs = 5_000

/** Looks whether Redis answers; else says where it was looked for, what stands in the way, and what to do. */
export async function redisFinding (redis: RedisConfig): Promise<Finding> {
  const failure = await redisFailure(redis, withinMs)
  return { about: `Redis at ${placeOf(redis)}`, problem: failure === null ? null : problemOf(failure) }
}

/** Without user name and password. */
function placeOf ({ url, sentinels, cluster }: RedisConfig): string {
  const addresses = (nodes: ReadonlyArray<{ readonly host: string, readonly port: number }>): string => nodes.map(({ host, port }) => `${host}:${port}`).join(', ')
  if (sentinels !== undefined) return `${sentinels.masterName}, as the Sentinels ${addresses(sentinels.nodes)} name it`
  if (cluster !== undefined) return `the Cluster of ${addresses(cluster)}`
  const { hostname, port } = new URL(url ?? '')
  return `${hostname === '' ? '127.0.0.1' : hostname}:${port === '' ? '6379' : port}`
}

/** The first that is found in code or message. */
const meanings: ReadonlyArray<readonly [pattern: RegExp, what: string, remedy: string]> = [
  [/WRONGPASS|NOAUTH|invalid password|without any password/, 'it does not take the password', 'Check session.redis.username and session.redis.password, or those in session.redis.url'],
  [/NOPERM/, 'its user may not do what the gateway has to', 'Grant the rights that docs/redis.md names'],
  [/invalid reply: null/, 'the Sentinels know no master of this name', 'Check session.redis.sentinels.masterName'],
  [/LOADING/, 'it reads its data from disk still', 'Wait until it has'],
  [/max number of clients/, 'it has as many clients as it takes', 'Raise its maxclients, or look who holds so many'],
  [/ECONNREFUSED/, 'nothing listens there', 'Start Redis, or correct host and port in session.redis; within a container 127.0.0.1 is the container itself'],
  [/ENOTFOUND|EAI_AGAIN/, 'its name is not found in DNS', 'Correct the host in session.redis, or the DNS of this machine'],
  [/EHOSTUNREACH|ENETUNREACH/, 'no way leads there from here', 'Check the host in session.redis, and the network between'],
  [/ETIMEDOUT|timed out/i, 'it does not answer in time', 'Look for a firewall or a network policy on the way, and whether Redis is overloaded; with rediss://, whether that port speaks TLS'],
  [/CERT|SELF_SIGNED|self.signed|UNABLE_TO|ALTNAME|certificate/i, 'its certificate is not accepted', 'Name the authority that signed it in session.redis.tls.ca, and the name it is for in session.redis.tls.serverName'],
  [/SSL|TLS|EPROTO/, 'it does not speak TLS there', 'Write redis:// in session.redis.url, or name the port that speaks TLS'],
  [/./, 'no connection comes about, or it is dropped at once', 'Check that Redis runs there; if that port speaks TLS, write rediss:// in session.redis.url (with Sentinels or a Cluster: set session.redis.tls). The log of Redis may say more']
]

function problemOf (failure: Error): string {
  const { code, message } = innermost(failure)
  const [, what, remedy] = meanings.find(([pattern]) => pattern.test(`${code} ${message}`)) ?? []
  return `It cannot be used: ${what} (${message}). ${remedy}.`
}

/** A name with several addresses fails with one error for each of them, a Cluster with the one of its last node. */
function innermost (error: Error): { readonly code: string, readonly message: string } {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : 'lastNodeError' in error ? error.lastNodeError : error.cause
  return inner instanceof Error ? innermost(inner) : { code: 'code' in error ? String(error.code) : '', message: error.message }
}
