import { once } from 'node:events'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { signInTo, signOut } from '../login/attempt.ts'
import { startCluster } from '../rig/redis-shapes.ts'
import { sessionKey, startRig } from '../rig/rig.ts'

t.test('on a Cluster, which tells of nothing, a round ends what a session held open at another replica (T-124)', async (t) => {
  const shape = await startCluster()
  t.after(() => shape.close())
  const rig = await startRig(t, { replicas: 2, watchEveryMs: 100, config: { session: { keys: [sessionKey], redis: shape.config } } })
  const accepting = new WebSocketServer({ server: rig.upstream.server })
  t.after(() => accepting.close())
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const socket = new WebSocket(`ws://127.0.0.1:${rig.replicas[1]?.port}/ws`, { headers: { host: 'gw.test', cookie: ada.cookieHeader() } })
  await once(socket, 'open')
  const closed = once(socket, 'close')
  t.equal((await signOut(ada)).status, 303)
  t.equal((await closed)[0], 1008)
})
