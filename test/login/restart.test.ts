import t from 'tap'
import { attemptOf, beginSignIn, callbackOf, open, sessionCookie } from './attempt.ts'
import { startRig } from '../rig/rig.ts'

t.test('a code that is spent or too old starts the sign-in once more, and the deep link survives it (V-39)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const attempt = await beginSignIn(ada, '/reports/42?x=1')
  const callback = callbackOf(rig, attempt)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'authorization_code', args: { code: 400, error: 'invalid_grant' }, count: 1 })
  const again = attemptOf(await open(ada, callback))
  t.not(again.state, attempt.state)
  t.equal(again.authorizationUrl.origin, rig.emulator.url)
  t.notOk(ada.cookies.has(sessionCookie))
  const signedIn = await open(ada, callbackOf(rig, again))
  t.same([signedIn.status, signedIn.location], [303, '/reports/42?x=1'])
  t.match(rig.logged(), /"audit":"sign_in_restarted"/)
})

t.test('a second code that is no good gives a page: never a loop; who then starts himself has a new first try (V-39)', async (t) => {
  const rig = await startRig(t)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'authorization_code', args: { code: 400, error: 'invalid_grant' } })
  const ada = rig.newBrowser()
  for (let sitting = 0; sitting < 2; sitting++) {
    const again = attemptOf(await open(ada, callbackOf(rig, await beginSignIn(ada))))
    const { status, text } = await open(ada, callbackOf(rig, again))
    t.equal(status, 502)
    t.match(text, 'exchange_failed')
  }
  t.equal(rig.emulator.count('authorization_code'), 4)
})

t.test('a browser that AIHubMix knows goes the whole way round by itself, and stops (V-39)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await ada.signIn()
  ada.cookies.delete(sessionCookie)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'authorization_code', args: { code: 400, error: 'invalid_grant' } })
  t.equal((await ada.open('/a')).status, 502)
  t.equal(rig.emulator.count('authorization_code'), 3, 'the first sign-in, and two tries of the second')
})
