import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { duplexPair, type Duplex } from 'node:stream'
import t from 'tap'
import { readRequestTarget } from '../../src/access/request-target.ts'
import { createLiveConnections } from '../../src/proxy/live-connections.ts'

const owner = (id: string, address = '/') => ({ ticket: { id, key: createSecretKey(Buffer.alloc(32)) }, asked: { host: 'gw.test', method: 'GET', target: readRequestTarget(address) } })
const connection = (): Duplex => duplexPair()[0]

t.test('the end of a session is the end of its connections, and of no others', async (t) => {
  const live = createLiveConnections()
  const [adas, bens, nobodys] = [connection(), connection(), connection()]
  live.add(owner('ada'), adas)
  live.add(owner('ben'), bens)
  live.add(null, nobodys)
  live.endSession('ada')
  t.strictSame([adas, bens, nobodys].map(({ destroyed }) => destroyed), [true, false, false])
})

t.test('a connection that is added again is held once, in its new name and with its new end', async (t) => {
  const live = createLiveConnections()
  const one = connection()
  const reasons: string[] = []
  live.add(owner('ben'), one, (reason) => { reasons.push(`ben: ${reason}`) })
  live.add(owner('ada'), one, (reason) => { reasons.push(reason) })
  live.endSession('ben')
  live.endSession('ada')
  live.endAll()
  t.strictSame(reasons, ['session over', 'shutdown'])
  t.notOk(one.destroyed)
})

t.test('what did not end when told to is cut, and what comes later too', async (t) => {
  const live = createLiveConnections()
  const [stubborn, late] = [connection(), connection()]
  live.add(owner('ada'), stubborn, () => {})
  live.endAll()
  t.notOk(stubborn.destroyed)
  live.cutAll()
  live.add(owner('ada'), late)
  t.ok(stubborn.destroyed && late.destroyed)
})

t.test('of what a session holds, only what meets the condition is ended', async (t) => {
  const live = createLiveConnections()
  const [a, b] = [connection(), connection()]
  live.add(owner('ada', '/a'), a)
  live.add(owner('ada', '/b'), b)
  live.endSession('ada', ({ target }) => target.path === '/b')
  t.strictSame([a, b].map(({ destroyed }) => destroyed), [false, true])
})

t.test('a connection that is gone is told nothing', async (t) => {
  const live = createLiveConnections()
  const one = connection()
  const told: string[] = []
  live.add(owner('ada'), one, (reason) => { told.push(reason) })
  one.destroy()
  await once(one, 'close')
  live.endSession('ada')
  live.endAll()
  t.strictSame(told, [])
})
