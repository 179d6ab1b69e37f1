import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { duplexPair, type Duplex } from 'node:stream'
import t from 'tap'
import { createLiveConnections } from '../../src/proxy/live-connections.ts'

const ticket = (id: string) => ({ id, key: createSecretKey(Buffer.alloc(32)) })
const connection = (): Duplex => duplexPair()[0]

t.test('the end of a session is the end of its connections, and of no others', async (t) => {
  const live = createLiveConnections()
  const [adas, bens, nobodys] = [connection(), connection(), connection()]
  live.add(ticket('ada'), adas)
  live.add(ticket('ben'), bens)
  live.add(null, nobodys)
  live.endSession('ada')
  t.strictSame([adas, bens, nobodys].map(({ destroyed }) => destroyed), [true, false, false])
})

t.test('a connection that is added again is held once, in its new name and with its new end', async (t) => {
  const live = createLiveConnections()
  const one = connection()
  const reasons: string[] = []
  live.add(ticket('ben'), one, (reason) => { reasons.push(`ben: ${reason}`) })
  live.add(ticket('ada'), one, (reason) => { reasons.push(reason) })
  live.endSession('ben')
  live.endSession('ada')
  live.endAll()
  t.strictSame(reasons, ['session over', 'shutdown'])
  t.notOk(one.destroyed)
})

t.test('what did not end when told to is cut, and what comes later too', async (t) => {
  const live = createLiveConnections()
  const [stubborn, late] = [connection(), connection()]
  live.add(ticket('ada'), stubborn, () => {})
  live.endAll()
  t.notOk(stubborn.destroyed)
  live.cutAll()
  live.add(ticket('ada'), late)
  t.ok(stubborn.destroyed && late.destroyed)
})

t.test('a connection that is gone is told nothing', async (t) => {
  const live = createLiveConnections()
  const one = connection()
  const told: string[] = []
  live.add(ticket('ada'), one, (reason) => { told.push(reason) })
  one.destroy()
  await once(one, 'close')
  live.endSession('ada')
  live.endAll()
  t.strictSame(told, [])
})
