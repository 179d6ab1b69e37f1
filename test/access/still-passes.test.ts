import t, { type Test } from 'tap'
import { readRequestTarget } from '../../src/access/request-target.ts'
import { createStillPasses, type StillPasses } from '../../src/access/still-passes.ts'
import { load } from '../config/configured.ts'

const upstream = 'http://127.0.0.1:3000'
const asked = (path: string) => ({ host: 'gw.test', method: 'GET', target: readRequestTarget(path) })
const ada = { id: '1', username: 'ada', email: null, balance: '0.00', status: '1', readAt: 0, userinfo: '{}' }

async function rulesOf (t: Test, routes: readonly object[], identity: object = {}): Promise<StillPasses> {
  return createStillPasses((await load(t, { over: { routes, identity } })).config)
}

t.test('what a token opened passes only while its route takes tokens; what a session opened does not ask for it', async (t) => {
  const passes = await rulesOf(t, [{ path: '/', upstream }, { path: '/api', upstream, bearer: true }, { path: '/open', upstream, access: 'anyone' }, { path: '/shut', access: 'nobody' }])
  const rows = ['/a', '/api/a', '/open/a', '/shut/a'].map((path) => [passes(asked(path), ada), passes(asked(path), ada, 'token')])
  t.strictSame(rows, [[true, false], [true, true], [true, true], [false, false]])
})

t.test('an allow list speaks against both, a balance that ran low against neither, a route that is gone only with the list of all', async (t) => {
  const passes = await rulesOf(t, [{ path: '/api', upstream, bearer: true, minBalance: '10' }, { path: '/team', upstream, bearer: true, allow: { ids: ['2'] } }], { allow: { ids: ['1', '2'] } })
  for (const by of ['session', 'token'] as const) {
    t.strictSame(['/api/a', '/team/a', '/gone'].map((path) => passes(asked(path), ada, by)), [true, false, true], by)
    t.notOk(passes(asked('/gone'), { ...ada, id: '3' }, by))
  }
})

t.test('an address that routes of today read in two ways, and yesterday\'s did not, is judged and not thrown over', async (t) => {
  const target = '/a;v=1/ws'
  t.ok((await rulesOf(t, [{ path: '/', upstream }]))(asked(target), ada))
  t.notOk((await rulesOf(t, [{ path: '/', upstream }, { path: '/a', upstream }]))(asked(target), ada))
})
