import { isIP } from 'node:net'
import { found, type Rule } from './rules.ts'
import type { Written } from './written.ts'

/** How the keys of `session` must fit together. */
export const sessionRules: readonly Rule[] = [
  { needs: ['session.keys', 'session.redis'], find: keysAreShared },
  { needs: ['session.maxAge', 'session.idleTimeout'], find: idleEndsFirst },
  { needs: ['session.cookieDomain', 'server.publicUrl'], find: domainCoversPublicUrl },
  { needs: ['session.cookieName', 'session.cookieDomain', 'server.publicUrl'], find: prefixIsKept },
  { needs: ['session.redis'], find: redisIsOnePlace },
  { needs: ['session.redis'], find: redisTlsIsUsed }
]

function keysAreShared ({ session }: Written) {
  return session.redis === null || session.keys.length > 0
    ? []
    : found('session.keys', 'is missing, and every replica must have the same: run `aihubmix-gateway keygen` once and set what it prints as session.keys, in a file that session.keysFile names, or as GATEWAY_SESSION_KEYS')
}

function idleEndsFirst ({ session }: Written) {
  return session.idleTimeout <= session.maxAge ? [] : found('session.idleTimeout', 'is longer than session.maxAge, so it would never count')
}

/** Only on a label boundary (`ample.com` is no parent of `example.com`), and never a whole top-level domain or a part of an IP address. */
function domainCoversPublicUrl ({ session: { cookieDomain }, server }: Written) {
  const host = new URL(server.publicUrl).hostname
  if (cookieDomain === null || host === cookieDomain) return []
  const isParent = host.endsWith(`.${cookieDomain}`) && cookieDomain.includes('.') && isIP(host) === 0
  return isParent ? [] : found('session.cookieDomain', `must be the host of server.publicUrl (${host}) or a domain above it`)
}

/** A browser silently drops a cookie that breaks the promise of its prefix: every sign-in would begin again, without end. */
function prefixIsKept ({ session: { cookieName, cookieDomain }, server }: Written) {
  const prefix = /^__(?:Host|Secure)-/i.exec(cookieName ?? '')?.[0].toLowerCase()
  if (prefix === '__host-' && cookieDomain !== null) return found('session.cookieName', 'begins with __Host-, which forbids session.cookieDomain: begin it with __Secure- or remove the domain')
  if (prefix !== undefined && server.publicUrl.startsWith('http:')) return found('session.cookieName', 'begins with a prefix that browsers accept over https only, and server.publicUrl is http')
  return []
}

function redisIsOnePlace ({ session: { redis } }: Written) {
  if (redis === null) return []
  const places = (['url', 'sentinels', 'cluster'] as const).filter((name) => redis[name] !== undefined)
  if (places.length === 1) return []
  return found('session.redis', places.length === 0 ? 'says not where Redis is: set url, sentinels or cluster' : `says in ${places.join(' and in ')} where Redis is: keep one of them`)
}

function redisTlsIsUsed ({ session: { redis } }: Written) {
  return redis?.tls !== undefined && redis.url?.startsWith('redis:') === true ? found('session.redis.tls', 'is set, but session.redis.url is redis://, which is not encrypted: write rediss://') : []
}
