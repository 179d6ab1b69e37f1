import t from 'tap'
import { startRig } from '../rig/rig.ts'

t.test('when the refresh worked and userinfo did not, whoever waited for the tokens goes on', async (t) => {
  const rig = await startRig(t, { config: { identity: { maxAge: '1s', maxStale: '3h' } } })
  const ada = rig.newBrowser()
  await ada.signIn()
  rig.emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 500 } })
  rig.emulator.clock.advance('2h1m')
  t.equal((await ada.fetch('/')).status, 200)
  t.equal(rig.emulator.count('refresh_token'), 1)
})

t.test('an AIHubMix that refuses under HTTP 200 for longer than maxStale is an outage, not a ban: 503, and healed later', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await ada.signIn()
  rig.emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 200, body: 'envelope200' } })
  rig.emulator.clock.advance('11m')
  const { status, headers, setCookies } = await ada.fetch('/')
  t.equal(status, 503)
  t.ok(Number(headers['retry-after']) > 0)
  t.strictSame(setCookies, [])
  rig.emulator.faults.clear()
  rig.emulator.clock.advance('1m')
  t.equal((await ada.fetch('/')).status, 200)
})
