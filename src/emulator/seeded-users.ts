import type { EmulatorUser, SeededUser } from './users.ts'

/** The guide's own sample, member for member: provider.md C-40. */
const guideSample: EmulatorUser = {
  id: 12345,
  username: 'user123',
  email: 'user@example.com',
  quota: 1000000,
  used_quota: 250000,
  balance_formatted: '750.00',
  created_time: 1640995200,
  status: 1
}

function like (username: string, id: EmulatorUser['id'], special: Partial<EmulatorUser> = {}): EmulatorUser {
  return { ...guideSample, id, username, email: `user${String(id)}@example.com`, quota: 5_000_000, used_quota: 1_000_000, balance_formatted: '10.00', ...special }
}

/** A name that breaks headers by its line break and pages by its tag. */
export const hostileUsername = 'mallory\r\nX-Injected: 1<script>alert(1)</script>'

/** One user for every trait of provider.md section 4.4. */
export const seededUsers: readonly SeededUser[] = [
  { userinfo: guideSample },
  { userinfo: like('rich', 101, { quota: 29071257, used_quota: 286403484, balance_formatted: '58.14' }) },
  { userinfo: like('poor', 102, { quota: 10_000, balance_formatted: '0.02' }) },
  { userinfo: like('zero', 103, { quota: 0, balance_formatted: '0.00' }) },
  { userinfo: like('debt', 104, { quota: -5000, balance_formatted: '-0.01' }) },
  { userinfo: like('huge', 105, { quota: 9223372036854775807n, balance_formatted: '18446744073709.55' }) },
  { userinfo: like('noemail', 106, { email: '' }) },
  { userinfo: like('nullmail', 107, { email: null }) },
  { userinfo: like('张三丰', 108) },
  { userinfo: like('Ærø 🚀', 109) },
  { userinfo: like(hostileUsername, 110) },
  { userinfo: like('strid', 'u_7f3c9a1e') },
  { userinfo: like('bigid', 9007199254740993n) },
  { userinfo: like('noid', 113, { id: undefined }) },
  { userinfo: like('disabled', 114, { status: 2 }) },
  { userinfo: like('deleted', 115, { status: 3 }) },
  { userinfo: like('scoped', 116), grantsOnly: ['profile'] },
  { userinfo: like('renamed', 117), fromSecondCall: { id: 917, username: 'renamed-since' } }
]
