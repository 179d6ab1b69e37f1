import t from 'tap'
import { attackOn, message } from '../security/attack.ts'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'

const app = await startUpstream()
t.after(() => app.close())

t.test('an exact path is for itself, with or without a slash at its end, and for nothing below it', async (t) => {
  const rig = await startRig(t, {
    config: {
      routes: [
        { access: 'nobody' },
        { path: '/a', exact: true, upstream: app.url, access: 'anyone' },
        { path: '/', exact: true, upstream: app.url, access: 'anyone' },
        { path: '/open', upstream: app.url, access: 'anyone' },
        { path: '/open/shut', exact: true, access: 'nobody' }
      ]
    }
  })
  const attack = attackOn(rig)
  const statusOf = async (target: string): Promise<number> => (await attack(get(target))).status
  for (const target of ['/', '/?x', '/a', '/a/', '/a?b', '/%61', '/open', '/open/x', '/open/shut/x', '/open/shutter']) t.equal(await statusOf(target), 200, target)
  for (const target of ['/a/b', '/ab', '/A', '/b', '/a/b/', '/open/shut', '/open/shut/', '/open/%73hut']) t.equal(await statusOf(target), 403, target)
  for (const target of ['/a%2f', '/a//', '/open/shut%2f', '/open/shut;x', '/open/shut//']) t.equal(await statusOf(target), 400, `${target} can be read as another route`)
})

t.test('an exact path stands before the prefix, whatever host or method the prefix names', async (t) => {
  const rig = await startRig(t, {
    config: {
      routes: [
        { host: 'gw.test', path: '/a', methods: ['GET'], upstream: app.url, access: 'anyone' },
        { path: '/a', exact: true, access: 'nobody' }
      ]
    }
  })
  const attack = attackOn(rig)
  t.equal((await attack(get('/a'))).status, 403)
  t.equal((await attack(get('/a/b'))).status, 200)
})

t.test('the body limit of a route is kept for bodies that tell their length and for those that do not, and only there', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ upstream: app.url, access: 'anyone' }, { path: '/small', upstream: app.url, access: 'anyone', limits: { bodyBytes: '10B' } }] } })
  const attack = attackOn(rig)
  const chunked = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
  const post = async (target: string, bytes: number): Promise<readonly number[]> => {
    const body = 'x'.repeat(bytes)
    const told = await attack(message('POST', target, [`Content-Length: ${bytes}`], body))
    const streamed = await attack(message('POST', target, ['Transfer-Encoding: chunked'], chunked(body)))
    return [told.status, streamed.status]
  }
  t.strictSame(await post('/small', 10), [200, 200])
  t.strictSame(await post('/small', 11), [413, 413])
  t.strictSame(await post('/large', 11), [200, 200])
})

t.end()
