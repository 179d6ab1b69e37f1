import t from 'tap'
import { request } from 'undici'
import { open, signInTo } from '../login/attempt.ts'
import { startRig, type Rig, type RigOptions } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { startUpstream } from '../rig/upstream.ts'

type Teardown = Parameters<typeof startRig>[0]

const token = 'the-token-of-the-operators'

/** Everything that names a user: headers, assertion, allow list, rate limit, session administration and log. */
async function startNaming (t: Teardown, identity: NonNullable<RigOptions['config']>[string]): Promise<Rig> {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const rig = await startRig(t, {
    config: {
      identity,
      admin: { token },
      headers: { set: { 'X-User-Id': 'id', 'X-User-Name': 'username' }, assertion: {} },
      routes: [{ upstream: upstream.url }, { path: '/few', upstream: upstream.url, rateLimit: { requests: 1, window: '1m' } }]
    }
  })
  return { ...rig, upstream }
}

async function sessionsOf (rig: Rig, user: string, method: 'GET' | 'DELETE' = 'GET'): Promise<{ readonly sessions: readonly { readonly user: string }[], readonly revoked: number }> {
  const { body } = await request(`${rig.adminUrl}/sessions?user=${user}`, { method, headers: { authorization: `Bearer ${token}` } })
  return await body.json() as { readonly sessions: readonly { readonly user: string }[], readonly revoked: number }
}

function subOf (rig: Rig): unknown {
  const [, payload = ''] = (rig.upstream.valuesOf('X-User-Assertion')[0] ?? '').split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).sub
}

for (const [subject, name, otherName] of [['username', 'user123', '12345'], ['id', '12345', 'user123']] as const) {
  t.test(`identity.subject ${subject}: a user is ${name} everywhere, and ${otherName} nowhere`, async (t) => {
    const rig = await startNaming(t, { subject, allow: { ids: [name] } })
    const ada = rig.newBrowser()
    t.equal((await signInTo(rig, ada)).status, 303)
    t.equal((await open(ada, '/a')).status, 200, 'the allow list names users so')
    t.same(rig.upstream.valuesOf('X-User-Id'), [name])
    t.same(rig.upstream.valuesOf('X-User-Name'), ['user123'])
    t.equal(subOf(rig), name)
    t.same([(await open(ada, '/few')).status, (await open(ada, '/few')).status], [200, 429])
    t.match((await sessionsOf(rig, name)).sessions, [{ user: name }])
    t.same((await sessionsOf(rig, otherName)).sessions, [])
    t.match(rig.logged(), '"audit":"sign_in"')
    t.notMatch(rig.logged(), `"user":"${otherName}"`)
    t.equal((await sessionsOf(rig, otherName, 'DELETE')).revoked, 0)
    t.equal((await sessionsOf(rig, name, 'DELETE')).revoked, 1)
    t.equal((await open(ada, '/a')).status, 302)
  })

  t.test(`identity.subject ${subject}: an allow list with the other name lets nobody in`, async (t) => {
    const rig = await startNaming(t, { subject, allow: { ids: [otherName] } })
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    t.equal((await open(ada, '/a')).status, 403)
    t.same(rig.upstream.seen, [])
  })
}

t.test('identity.subject id: who takes another name goes on under it; identity.subject username: that is somebody else, and the session ends', async (t) => {
  for (const [subject, after] of [['id', 200], ['username', 302]] as const) {
    const rig = await startNaming(t, { subject })
    const ada = rig.newBrowser()
    await signInTo(rig, ada)
    rig.emulator.users.set('user123', { username: 'renamed' })
    rig.emulator.clock.advance('31s')
    await until(async () => {
      const { status } = await open(ada, '/a')
      return subject === 'id' ? rig.upstream.valuesOf('X-User-Name')[0] === 'renamed' : status === after
    })
    t.equal((await open(ada, '/a')).status, after, subject)
  }
})
