import t from 'tap'
import type { Emulator } from '../../src/emulator/emulator.ts'
import { authorizePath, emulatorFor, get, redeem, redirectOf, refresh, signInOnPage, tokensOf } from './start.ts'

/** All that one sign-in shows: headers and bodies, without the port, which the system picks (it also changes the length of a packed body). */
async function transcript (emulator: Emulator): Promise<string> {
  const { response } = await signInOnPage(emulator, 'user123', authorizePath({ auto_authorize: 'true' }))
  const granted = await redeem(emulator, redirectOf(response).searchParams.get('code') ?? '')
  const refreshed = await refresh(emulator, tokensOf(granted).refreshToken)
  const topup = await get(emulator, '/api/oauth2/topup', tokensOf(refreshed).accessToken)
  const parts = [[...response.headers], granted, refreshed, [...topup.headers].filter(([name]) => name !== 'content-length'), await topup.text()]
  return JSON.stringify(parts).replaceAll(emulator.url, '')
}

t.test('two emulators with one seed give one transcript; another seed gives another (E-02)', async (t) => {
  const now = () => 1_700_000_000_000
  const [first, second, other] = await Promise.all([7, 7, 8].map(async (seed) => transcript(await emulatorFor(t, { seed, now }))))
  t.equal(first, second)
  t.not(first, other)
})

t.test('a reset emulator repeats its transcript', async (t) => {
  const emulator = await emulatorFor(t, { now: () => 1_700_000_000_000 })
  const first = await transcript(emulator)
  emulator.reset()
  t.equal(await transcript(emulator), first)
})
