import { randomBytes } from 'node:crypto'
import { goDurationSeconds } from './durations.ts'
import type { Reading } from './reading.ts'
import { redisFrom } from './redis.ts'

const weekSeconds = 604_800

export function sessionSection (reading: Reading, publicUrl: string): object {
  return { ...lifetime(reading), ...cookie(reading, publicUrl), ...store(reading) }
}

function lifetime ({ one, note }: Reading): object {
  const maxAgeSeconds = goDurationSeconds(one('cookie_expire') ?? '168h')
  if (maxAgeSeconds === null) note('cookie_expire', 'is no duration that could be read: session.maxAge is 7d')
  const seconds = maxAgeSeconds === null || maxAgeSeconds < 1 ? weekSeconds : maxAgeSeconds
  return { maxAge: `${seconds}s`, idleTimeout: `${Math.min(seconds, weekSeconds)}s` }
}

function cookie ({ one, all, note }: Reading, publicUrl: string): object {
  const [domain, ...more] = all('cookie_domains').map((name) => name.replace(/^\./, ''))
  const host = new URL(publicUrl).hostname
  const isParent = domain !== undefined && domain.includes('.') && (host === domain || host.endsWith(`.${domain}`))
  if (more.length > 0 || (domain !== undefined && !isParent)) note('cookie_domains', 'one domain at or above the host of server.publicUrl can be session.cookieDomain')
  const name = one('cookie_name')
  const keepsName = name !== undefined && !(publicUrl.startsWith('http:') && /^__/.test(name)) && !(isParent && /^__host-/i.test(name))
  if (name !== undefined && !keepsName) note('cookie_name', 'has a prefix that does not fit: left out')
  return { ...(keepsName ? { cookieName: name } : {}), ...(isParent ? { cookieDomain: domain } : {}) }
}

function store (reading: Reading): object {
  const redis = redisFrom(reading)
  if (redis === null) return {}
  reading.note('session.keys', 'was made for this file; it is a secret')
  return { keys: [randomBytes(32).toString('base64')], redis }
}
