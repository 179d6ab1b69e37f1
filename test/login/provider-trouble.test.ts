import t from 'tap'
import type { Fault } from '../../src/emulator/emulator.ts'
import { startRig } from '../rig/rig.ts'
import { timed } from '../rig/until.ts'
import { beginSignIn, callbackOf, open, sessionCookie, signInTo } from './attempt.ts'

/** How AIHubMix can fail a call, and the status the person's page has. */
const failures: readonly (readonly [number, Omit<Fault, 'endpoint'>])[] = [
  [502, { kind: 'status', args: { code: 400, body: 'oauth' } }],
  [502, { kind: 'status', args: { code: 400, error: 'an_error_of_its_own' } }], // invalid_grant: restart.test.ts
  [503, { kind: 'status', args: { code: 429, retry_after: 7 } }],
  [503, { kind: 'status', args: { code: 429, body: 'empty' } }],
  [503, { kind: 'status', args: { code: 500, body: 'html' } }],
  [503, { kind: 'status', args: { code: 503, body: 'empty' } }],
  [502, { kind: 'status', args: { code: 200, body: 'html' } }],
  [502, { kind: 'status', args: { code: 200, body: 'empty' } }],
  [502, { kind: 'status', args: { code: 200, body: 'envelope200' } }],
  [502, { kind: 'huge_body', args: { bytes: 1024 * 1024 } }],
  [502, { kind: 'malformed_json' }],
  [502, { kind: 'truncated' }],
  [502, { kind: 'null' }],
  [502, { kind: 'array' }],
  [502, { kind: 'redirect' }],
  [503, { kind: 'reset_connection' }],
  [503, { kind: 'reset_connection', args: { when: 'mid' } }],
  [503, { kind: 'reset_connection', args: { when: 'after_processing' } }],
  [503, { kind: 'hang' }]
]

for (const endpoint of ['authorization_code', 'userinfo'] as const) {
  t.test(`whatever ${endpoint} answers at a sign-in, a page says so in time and gives nothing away (T-85, T-86)`, async (t) => {
    const rig = await startRig(t, { config: { aihubmix: { clientId: 'client_rig', clientSecret: 'secret_of_the_rig_client', timeout: '700ms' } } })
    for (const [expected, fault] of failures) {
      rig.emulator.faults.clear()
      rig.emulator.clock.advance('6m') // a 429 asks for patience: sparing.test.ts
      rig.emulator.faults.set({ ...fault, endpoint })
      const ada = rig.newBrowser()
      const callback = callbackOf(rig, await beginSignIn(ada))
      const { result: { status, text, headers }, tookMs } = await timed(() => open(ada, callback))
      const name = JSON.stringify(fault)
      t.equal(status, expected, name)
      t.ok(tookMs < 3_000, 'in time')
      t.ok(text.includes(String(headers['x-request-id'] ?? '')) && /request id/i.test(text), 'with an id')
      t.equal(headers['retry-after'] !== undefined, expected === 503)
      t.notMatch(text, /secret_of_the_rig|refresh_|eyJ|attacker\.example|無效/)
      t.notOk(text.includes(new URL(callback, 'https://gw.test').searchParams.get('code') ?? '-'))
      t.notOk(ada.cookies.has(sessionCookie), 'and nobody is signed in')
    }
    rig.emulator.faults.clear()
    t.equal((await signInTo(rig, rig.newBrowser())).status, 303, 'afterwards all is well')
    t.notMatch(rig.logged(), /secret_of_the_rig|refresh_[0-9a-f]{8}/)
  })
}

t.test('a wrong client secret is told from a passing fault: the page sends to the operator, the log says what to mend', async (t) => {
  const rig = await startRig(t, { config: { aihubmix: { clientId: 'client_rig', clientSecret: 'not the secret' } } })
  const { status, text } = await signInTo(rig, rig.newBrowser())
  t.equal(status, 403)
  t.match(text, 'provider_refused')
  t.match(rig.logged(), /invalid_client: check aihubmix\.clientId and aihubmix\.clientSecret/)
})

t.test('a Retry-After of AIHubMix is passed on, capped (T-85, V-34)', async (t) => {
  const rig = await startRig(t)
  const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString()
  for (const [sent, isPassedOn] of [['7', (s: number) => s === 7], ['999999', (s: number) => s === 300], ['-5', (s: number) => s > 0], ['soon', (s: number) => s > 0], ['0', (s: number) => s > 0], [inTwoMinutes, (s: number) => s > 60 && s <= 120]] as const) {
    rig.emulator.faults.clear()
    rig.emulator.clock.advance('6m') // what it said before is over
    rig.emulator.faults.set({ kind: 'status', endpoint: 'authorization_code', args: { code: 429, retry_after: sent } })
    const { status, headers } = await signInTo(rig, rig.newBrowser())
    t.equal(status, 503)
    t.ok(isPassedOn(Number(headers['retry-after'])), `${sent} → ${headers['retry-after']}`)
  }
})

t.test('an AIHubMix that speaks no TLS where TLS is configured is away, in time (T-85)', async (t) => {
  const rig = await startRig(t)
  const broken = await startRig(t, { config: { aihubmix: { clientId: 'client_rig', clientSecret: 'x', browserUrl: rig.emulator.url, serverUrl: rig.emulator.url.replace('http:', 'https:') } } })
  const ada = broken.newBrowser()
  const { status, text } = await open(ada, callbackOf(broken, await beginSignIn(ada)))
  t.equal(status, 503)
  t.notMatch(text, /127\.0\.0\.1|SSL|ECONN/)
})

t.test('who has no usable id, or is disabled, is not signed in (T-86, V-21, V-26)', async (t) => {
  const rig = await startRig(t)
  for (const [username, status, code] of [['noid', 502, 'provider_bad_response'], ['disabled', 403, 'account_disabled'], ['deleted', 403, 'account_disabled']] as const) {
    const ada = rig.newBrowser()
    const answer = await signInTo(rig, ada, '/', username)
    t.equal(answer.status, status, username)
    t.match(answer.text, code)
    t.notOk(ada.cookies.has(sessionCookie))
  }
})

t.test('a token that userinfo refuses at once ends in a page, not in a loop', async (t) => {
  const rig = await startRig(t)
  rig.emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 401 } })
  const { status, location } = await signInTo(rig, rig.newBrowser())
  t.equal(status, 502)
  t.equal(location, null)
  t.equal(rig.emulator.count('token'), 1)
})
