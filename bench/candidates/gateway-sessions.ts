import { createRedisStore } from '../../src/session/redis-store.ts'
import { keyPrefixOf } from '../../src/session/open-store.ts'
import { createCookieSeals } from '../../src/session/plugin.ts'
import type { TokenSet, UserSession } from '../../src/session/user-session.ts'
import { createUserSessions } from '../../src/session/user-sessions.ts'
import { app } from '../../test/rig/rig.ts'

const dayMs = 86_400_000
const tokenLifeMs = 7_200_000
const atATime = 200

/** As AIHubMix gives them: an access token of some 300 characters, the guide's userinfo. The tokens are good for nothing unless given. */
export function sessionOf (number: number, now: number, tokens: Partial<TokenSet> = {}): UserSession {
  const user = { id: 1_000_000 + number, username: `user${number}`, email: `user${number}@example.com`, quota: 375_000_000, used_quota: 12_345, balance_formatted: '750.00', created_time: 1_700_000_000, status: 1 }
  return {
    tokens: { accessToken: 'x'.repeat(300), refreshToken: `refresh_${'0'.repeat(48)}`, obtainedAt: now, accessTokenExpiresAt: now + tokenLifeMs, scope: ['profile', 'balance'], ...tokens },
    identity: { id: String(user.id), username: user.username, email: user.email, balance: user.balance_formatted, status: '1', readAt: now, userinfo: JSON.stringify(user) },
    createdAt: now,
    lastSeenAt: now
  }
}

interface Place {
  readonly redisUrl: string
  /** `session.redis.keyPrefix` of the gateway. */
  readonly keyPrefix: string
  /** `session.keys` of the gateway, base64. */
  readonly sessionKey: string
}

/** Begins sessions of as many users by the gateway's own code, and answers their cookie values. */
export async function seedGatewaySessions ({ redisUrl, keyPrefix, sessionKey }: Place, count: number): Promise<readonly string[]> {
  const store = createRedisStore({ place: { url: redisUrl }, keyPrefix: keyPrefixOf({ keyPrefix }, app.clientId), commandTimeoutMs: 20_000 })
  const seals = await createCookieSeals({ keys: [Buffer.from(sessionKey, 'base64')], ticketMaxAgeMs: 30 * dayMs, transactionMaxAgeMs: dayMs })
  const sessions = createUserSessions({ store, ticketSeal: seals.ticket, maxAgeMs: 30 * dayMs, idleTimeoutMs: 7 * dayMs, now: Date.now })
  const cookies: string[] = []
  for (let from = 0; from < count; from += atATime) {
    const some = Array.from({ length: Math.min(atATime, count - from) }, (_value, index) => sessions.begin(sessionOf(from + index, Date.now())))
    for (const { cookieValue } of await Promise.all(some)) cookies.push(cookieValue)
  }
  await Promise.all([store.close(), seals.close()])
  return cookies
}
