import type { Reading } from './reading.ts'

const redisSettings = [
  'redis_connection_url', 'redis_username', 'redis_password', 'redis_use_sentinel', 'redis_sentinel_password', 'redis_sentinel_master_name', 'redis_sentinel_connection_urls',
  'redis_use_cluster', 'redis_cluster_connection_urls', 'redis_ca_path', 'redis_insecure_skip_tls_verify'
]
const iamSettings = ['redis_use_iam_auth', 'redis_iam_user_id', 'redis_iam_replication_group_id', 'redis_iam_region', 'redis_iam_serverless']

/** Where Redis is, and whether it is spoken to by TLS. */
interface Place {
  readonly keys: object
  readonly isTls: boolean
}

/** The section `session.redis`; null where sessions are not in Redis, or nothing says where it is. */
export function redisFrom (reading: Reading): object | null {
  const { one, note, noteIfSet } = reading
  noteIfSet('redis_connection_idle_timeout', 'not needed: a connection is kept and watched')
  for (const name of iamSettings) noteIfSet(name, 'no counterpart: session.redis has a user name and a password')
  if (one('session_store_type') !== 'redis') {
    noteIfSet('session_store_type', 'not needed: without session.redis sessions are in the memory of the process, and no token is in a cookie')
    for (const name of redisSettings) noteIfSet(name, 'not used: session_store_type is not redis')
    return null
  }
  const place = placeOf(reading)
  if (place === null) return null
  const [username, password] = [one('redis_username'), one('redis_password')]
  if (password !== undefined) note('redis_password', 'carried over as it stands: session.redis.passwordFile would keep it out of this file')
  return { ...place.keys, ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }), ...tls(reading, place) }
}

function placeOf (reading: Reading): Place | null {
  const { isOn, note } = reading
  if (isOn('redis_use_sentinel') && isOn('redis_use_cluster')) {
    note('redis_use_cluster', 'contradicts redis_use_sentinel: set session.redis')
    return null
  }
  if (isOn('redis_use_sentinel')) return sentinels(reading)
  for (const name of ['redis_sentinel_master_name', 'redis_sentinel_connection_urls', 'redis_sentinel_password']) reading.noteIfSet(name, 'not used: redis_use_sentinel is not on')
  if (isOn('redis_use_cluster')) return cluster(reading)
  reading.noteIfSet('redis_cluster_connection_urls', 'not used: redis_use_cluster is not on')
  return single(reading)
}

function sentinels (reading: Reading): Place | null {
  const { one, note } = reading
  notUsed(reading, ['redis_connection_url', 'redis_cluster_connection_urls'], 'redis_use_sentinel is on')
  const [masterName, password, nodes] = [one('redis_sentinel_master_name'), one('redis_sentinel_password'), nodesOf(reading, 'redis_sentinel_connection_urls')]
  if (masterName === undefined || nodes === null) {
    note('redis_use_sentinel', 'does not say master and sentinels: set session.redis.sentinels and session.keys')
    return null
  }
  return { keys: { sentinels: { masterName, nodes: nodes.addresses, ...(password === undefined ? {} : { password }) } }, isTls: nodes.isTls }
}

function cluster (reading: Reading): Place | null {
  notUsed(reading, ['redis_connection_url'], 'redis_use_cluster is on')
  const nodes = nodesOf(reading, 'redis_cluster_connection_urls')
  if (nodes !== null) return { keys: { cluster: nodes.addresses }, isTls: nodes.isTls }
  reading.note('redis_use_cluster', 'does not say its nodes: set session.redis.cluster and session.keys')
  return null
}

function single ({ one, note }: Reading): Place | null {
  const url = one('redis_connection_url')
  if (url !== undefined && /^rediss?:\/\/\S+$/.test(url) && URL.canParse(url)) return { keys: { url }, isTls: url.startsWith('rediss:') }
  if (url === undefined) note('session_store_type', 'Redis without redis_connection_url: set session.redis (sentinels and cluster are there) and session.keys')
  else note('redis_connection_url', 'is no redis:// or rediss:// address: set session.redis and session.keys')
  return null
}

/** host:port of each. What stands before an @ is left out: it is said once for all, and Sentinels have their own. */
function nodesOf ({ all, note }: Reading, setting: string): { readonly addresses: readonly string[], readonly isTls: boolean } | null {
  const urls = all(setting).flatMap((text) => URL.parse(/^rediss?:\/\//.test(text) ? text : `redis://${text}`) ?? []).filter(({ hostname }) => hostname !== '')
  if (urls.length < all(setting).length) note(setting, 'holds an address that cannot be read: it is left out')
  if (urls.some(({ username, password }) => username !== '' || password !== '')) note(setting, 'user names and passwords in it are left out: session.redis.username and password are for the servers, those of session.redis.sentinels for the sentinels')
  const addresses = urls.map(({ hostname, port }) => `${hostname}:${port === '' ? '6379' : port}`)
  return addresses.length === 0 ? null : { addresses, isTls: urls.some(({ protocol }) => protocol === 'rediss:') }
}

/** A certificate that nobody checks lets anybody on the way read every session: that is not carried over. */
function tls ({ one, isOn, note }: Reading, { keys, isTls }: Place): object {
  if (isOn('redis_insecure_skip_tls_verify')) note('redis_insecure_skip_tls_verify', 'refused: the certificate of Redis is verified; give its authority in session.redis.tls.ca')
  const ca = one('redis_ca_path')
  if (ca !== undefined && !isTls) note('redis_ca_path', 'not used: the address of Redis is redis://, which is not encrypted')
  if (!isTls) return {}
  if (ca !== undefined) return { tls: { ca } }
  return 'url' in keys ? {} : { tls: {} } // an empty section says that TLS is spoken
}

function notUsed ({ noteIfSet }: Reading, settings: readonly string[], because: string): void {
  for (const name of settings) noteIfSet(name, `not used: ${because}`)
}
