import t from 'tap'
import { notYetInRoutes, notYetRules } from '../../src/config/not-yet.ts'
import { problemsOf } from './configured.ts'

const upstream = 'http://a'

/** What would be ignored without a word if it were accepted. */
const notBuilt: Readonly<Record<string, object>> = {
  'routes[0].bearer': { routes: [{ upstream, bearer: true }] }
}

for (const [path, over] of Object.entries(notBuilt)) {
  t.test(`${path} is refused as not built yet`, async (t) => {
    t.match(await problemsOf(t, { over }), [{ path, message: /not built yet in this version/ }])
  })
}

t.test('every row of the tables is tried above', async (t) => {
  t.equal(notYetRules.length + notYetInRoutes.length, Object.keys(notBuilt).length)
})
