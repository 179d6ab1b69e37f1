import type { UserSession } from '../../src/session/user-session.ts'

/** A session of user 12345, signed in at `at` (epoch ms) with tokens of two hours. */
export function sessionOf (at: number, change: Partial<UserSession> = {}): UserSession {
  return {
    tokens: { accessToken: 'access-token', refreshToken: 'refresh-token', obtainedAt: at, accessTokenExpiresAt: at + 7_200_000, scope: ['profile', 'balance'] },
    identity: { id: '12345', username: 'user123', email: 'user@example.com', balance: '750.00', status: '1', readAt: at, userinfo: '{"id":12345}' },
    createdAt: at,
    lastSeenAt: at,
    ...change
  }
}
