import t from 'tap'
import { startRig } from '../rig/rig.ts'

t.test('a browser signs in and lands on the deep link it asked for', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const answer = await ada.signIn('user123', '/a/b?x=1&y=%2F+z&&e=')
  t.equal(answer.status, 200)
  t.equal(rig.upstream.last().target, '/a/b?x=1&y=%2F+z&&e=')
  t.strictSame(rig.upstream.valuesOf('X-User-Id'), ['12345'])
  t.strictSame(rig.upstream.valuesOf('X-User-Email'), ['user@example.com'])
  t.strictSame(rig.upstream.valuesOf('X-User-Balance'), ['750.00'])
})
