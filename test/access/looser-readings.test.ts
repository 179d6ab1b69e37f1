import t, { type Test } from 'tap'
import { askAs, everyShape, passes, startForwardAuth } from '../forward-auth/ask.ts'
import { startForPrograms, tokenFor } from '../bearer/programs.ts'
import { signInTo } from '../login/attempt.ts'
import { get, sendRaw } from '../rig/raw.ts'
import { startRig, type Rig } from '../rig/rig.ts'
import { cookieLine } from '../security/attack.ts'

const startedWith = async (t: Test, routes: (app: string) => readonly object[]): Promise<Rig> => {
  const { upstream } = await startRig(t)
  const rig = await startRig(t, { config: { routes: routes(upstream.url) } })
  return { ...rig, upstream }
}
const post = (target: string, lines: readonly string[]): string => get(target, ['Content-Length: 0', ...lines]).replace('GET', 'POST')

t.test('an app that does not tell /ADMIN from /admin opens it to nobody who may not open /admin; its own rule counts too', async (t) => {
  const rig = await startedWith(t, (upstream) => [
    { path: '/', upstream }, { path: '/admin', upstream, allow: { usernames: ['rich'] } }, { path: '/shut', access: 'nobody' }, { path: '/one', exact: true, access: 'nobody' },
    { path: '/paid', upstream, minBalance: '10' }, { path: '/Team', upstream, allow: { usernames: ['rich'] } }
  ])
  const [ada, rich] = [await cookieLine(rig, 'poor'), await cookieLine(rig, 'rich')]
  const before = rig.upstream.seen.length
  for (const target of ['/ADMIN', '/Admin/x', '/%41dmin', '/aDMIN;v=1/x', '/SHUT/x', '/One', '/ONE/', '/team/x', '/TEAM']) {
    t.equal((await sendRaw(rig.port, get(target, [ada]))).status, 403, target)
  }
  t.equal((await sendRaw(rig.port, get('/Paid', [ada]))).status, 402)
  t.equal(rig.upstream.seen.length, before)
  for (const target of ['/ADMIN', '/%41dmin', '/team/x', '/OneMore', '/one/More', '/Elsewhere']) t.equal((await sendRaw(rig.port, get(target, [rich]))).status, 200, target)
  for (const target of ['/ADMIN', '/SHUT', '/Elsewhere']) t.match((await sendRaw(rig.port, get(target))).text, 'login_required', `${target} of a stranger`)
})

t.test('nor is a limit of requests stepped around: a request counts for what it could be taken for', async (t) => {
  const rig = await startedWith(t, (upstream) => [{ path: '/', upstream }, { path: '/slow', upstream, rateLimit: { requests: 2, window: '1m' } }, { path: '/m', methods: ['DELETE'], upstream, rateLimit: { requests: 1, window: '1m' } }])
  const ada = await cookieLine(rig)
  const statuses: number[] = []
  for (const request of [get('/SLOW', [ada]), get('/slow/a', [ada]), get('/Slow', [ada]), get('/slow', [ada]), post('/m?_method=DELETE', [ada]), post('/m?_method=DELETE', [ada]), post('/m', [ada])]) statuses.push((await sendRaw(rig.port, request)).status)
  t.strictSame(statuses, [200, 200, 429, 429, 200, 429, 200])
})

t.test('two routes that differ in capitals alone are two routes', async (t) => {
  for (const order of [1, -1]) {
    const rig = await startedWith(t, (upstream) => [{ path: '/a', upstream, access: 'anyone' }, { path: '/A', access: 'nobody' }].toSorted((one) => one.path === '/a' ? order : -order))
    t.strictSame([(await sendRaw(rig.port, get('/a/x'))).status, (await sendRaw(rig.port, get('/A/x'))).status], [200, 403])
  }
})

const claims: readonly (readonly [string, readonly string[]])[] = [
  ['/m/1', ['X-HTTP-Method-Override: DELETE']], ['/m/1', ['X-HTTP-Method: delete']], ['/m/1', ['X-Method-Override:  DELETE ']], ['/m/1', ['X-HTTP-Method-Override: POST, DELETE']], ['/m/1', ['X_HTTP_Method-Override: DELETE']], ['/m/1', ['x.http.method: DELETE']],
  ['/m/1?_method=DELETE', []], ['/m/1?a=1&_method=delete', []], ['/m/1?_method=POST&_method=DELETE', []], ['/m/1?%5fmethod=DELETE', []], ['/m/1?.method=DELETE', []]
]

t.test('a POST that its client claims to be a DELETE passes where both would', async (t) => {
  const rig = await startedWith(t, (upstream) => [{ path: '/', upstream }, { path: '/m', upstream, methods: ['GET', 'POST'] }, { path: '/m', upstream, methods: ['DELETE'], allow: { usernames: ['rich'] } }])
  const [ada, rich] = [await cookieLine(rig, 'poor'), await cookieLine(rig, 'rich')]
  const before = rig.upstream.seen.length
  for (const [target, lines] of claims) t.equal((await sendRaw(rig.port, post(target, [ada, ...lines]))).status, 403, `${target} ${lines.join()}`)
  t.equal(rig.upstream.seen.length, before)
  for (const [target, lines] of claims) t.equal((await sendRaw(rig.port, post(target, [rich, ...lines]))).status, 200, `${target} ${lines.join()}`)
  for (const lines of [['X-HTTP-Method-Override: POST'], ['X-HTTP-Method-Override: '], ['X-HTTP-Method-Override: GET']]) t.equal((await sendRaw(rig.port, post('/m/1', [ada, ...lines]))).status, 200, lines.join())
  t.equal((await sendRaw(rig.port, get('/m/1', [ada, 'X-HTTP-Method-Override: DELETE']))).status, 200, 'a GET is believed to be one everywhere')
})

t.test('a method that no route serves is claimed in vain', async (t) => {
  const rig = await startedWith(t, (upstream) => [{ path: '/m', upstream, methods: ['GET', 'POST'], access: 'anyone' }])
  for (const method of ['DELETE', 'PURGE', 'x']) t.equal((await sendRaw(rig.port, post('/m', [`X-HTTP-Method-Override: ${method}`]))).status, 403, method)
  t.equal(rig.upstream.seen.length, 0)
  t.equal((await sendRaw(rig.port, post('/m', []))).status, 200)
})

t.test('both hold where a proxy in front asks, and for programs', async (t) => {
  const rig = await startForwardAuth(t, { config: { routes: [{ path: '/' }, { path: '/admin', access: 'nobody' }, { path: '/m', methods: ['GET', 'POST'] }, { path: '/m', methods: ['DELETE'], access: 'nobody' }] } })
  const cookie = await cookieLine(rig)
  for (const shape of everyShape) {
    t.equal((await askAs(rig, shape, { uri: '/Admin/x' }, [cookie])).status, 403, shape)
    t.equal((await askAs(rig, shape, { uri: '/m?_method=DELETE', method: 'POST' }, [cookie])).status, 403, shape)
    t.equal((await askAs(rig, shape, { uri: '/m', method: 'POST' }, [cookie, 'X-HTTP-Method-Override: DELETE'])).status, 403, shape)
    t.equal((await askAs(rig, shape, { uri: '/m', method: 'POST' }, [cookie])).status, passes(shape), shape)
  }
  const programs = await startForPrograms(t)
  const authorization = `Authorization: Bearer ${await tokenFor(programs)}`
  t.equal((await sendRaw(programs.port, get('/vip/a', [authorization]))).status, 403)
  t.equal((await sendRaw(programs.port, get('/API/VIP', [authorization]))).status, 404, 'no route serves it')
  const browser = programs.newBrowser()
  await signInTo(programs, browser)
  t.equal((await browser.fetch('/api/a')).status, 200)
})
