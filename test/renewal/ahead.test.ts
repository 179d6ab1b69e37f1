import { createHash } from 'node:crypto'
import t from 'tap'
import { createDue } from '../../src/login/due.ts'
import { open, signInTo } from '../login/attempt.ts'
import { startRig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

const minute = 60_000

t.test('a refresh is due five minutes ahead, or a little earlier, and a quarter of the life when that is short', async (t) => {
  for (const [lifeMinutes, dueAfter] of [[120, 115], [24 * 60, 24 * 60 - 5], [20, 15], [8, 6], [4, 3], [1, 0.75]] as const) {
    const aheadMs = (lifeMinutes - dueAfter) * minute
    const isDueAt = (nowMs: number, accessToken: string): boolean =>
      createDue({ identityMaxAgeMs: 1, identityMaxStaleMs: 1, touchIsDue: () => false, now: () => nowMs }).refresh({ accessToken, refreshToken: 'r', obtainedAt: 0, accessTokenExpiresAt: lifeMinutes * minute, scope: [] })
    const accessTokens = Array.from({ length: 200 }, (_value, index) => `token-${createHash('sha256').update(String(index)).digest('base64url')}`)
    t.notOk(accessTokens.some((token) => isDueAt(dueAfter * minute - aheadMs * 0.05 - 1, token)), `${lifeMinutes} minutes of life`)
    t.ok(accessTokens.every((token) => isDueAt(dueAfter * minute, token)))
    const half = accessTokens.filter((token) => isDueAt(dueAfter * minute - aheadMs * 0.025, token)).length
    t.ok(half > 60 && half < 140, `who signed in together is spread: ${half} of 200 in the first half`)
  }
})

t.test('an access token of two hours is refreshed in its last five minutes, and nobody waits for it', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('1h54m')
  t.equal((await open(ada, '/a')).status, 200)
  t.equal(rig.emulator.count('refresh_token'), 0)
  rig.emulator.faults.set({ kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 300 } })
  rig.emulator.clock.advance('90s')
  t.equal((await open(ada, '/a')).status, 200)
  t.equal((await open(ada, '/a')).status, 200)
  // The request may have joined the re-reading of the identity that an earlier one began: the next begins the refresh.
  await until(async () => { await open(ada, '/a'); return rig.emulator.count('refresh_token') === 1 })
  await until(async () => { await open(ada, '/a'); return rig.emulator.requests.at(-1)?.path === '/api/oauth2/userinfo' })
  rig.emulator.clock.advance('1h')
  t.equal((await open(ada, '/a')).status, 200)
  t.equal(rig.emulator.count('refresh_token'), 1, 'the new token lives on')
})

t.test('an access token of four minutes is refreshed in its last one, and not for ever', async (t) => {
  const rig = await startRig(t)
  rig.emulator.faults.set({ kind: 'expires_in', args: { value: 240 } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  rig.emulator.clock.advance('2m55s')
  await open(ada, '/a')
  t.equal(rig.emulator.count('refresh_token'), 0)
  rig.emulator.clock.advance('10s')
  await open(ada, '/a')
  // The request may have joined the re-reading of the identity that an earlier one began: the next begins the refresh.
  await until(async () => { await open(ada, '/a'); return rig.emulator.count('refresh_token') === 1 })
  for (let times = 0; times < 5; times++) await open(ada, '/a')
  t.equal(rig.emulator.count('refresh_token'), 1)
})

t.test('after a refresh AIHubMix is asked with the new access token, and the next refresh uses the new refresh token (V-12)', async (t) => {
  const rig = await startRig(t)
  rig.emulator.faults.set({ kind: 'rotation', args: { mode: 'on_with_reuse_detection' } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const spent = new Set<string>()
  const used = new Set<string>()
  for (let round = 1; round <= 3; round++) {
    rig.emulator.clock.advance('2h1m')
    t.equal((await open(ada, '/a')).status, 200)
    t.equal(rig.emulator.count('refresh_token'), round)
    spent.add(rig.emulator.requests.findLast(({ path }) => path.endsWith('/token'))?.body['refresh_token'] ?? '')
    used.add(rig.emulator.requests.findLast(({ path }) => path.endsWith('/userinfo'))?.headers['authorization'] ?? '')
  }
  t.equal(spent.size, 3)
  t.equal(used.size, 3)
})
