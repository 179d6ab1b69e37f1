import t from 'tap'
import { connectAgainWhenEnded, createRedisConnection } from '../../src/session/redis-connection.ts'
import { startSentinels } from '../rig/redis-shapes.ts'
import { until } from '../rig/until.ts'

t.test('a failover that is told while a connection is being made, which ioredis then gives up for good, keeps nobody from Redis', async (t) => {
  const shape = await startSentinels()
  t.after(() => shape.close())
  const { sentinels, password } = shape.config as { readonly sentinels: { readonly nodes: readonly string[] }, readonly password: string }
  const nodes = sentinels.nodes.map((node) => ({ host: '127.0.0.1', port: Number(node.split(':')[1]) }))
  const redis = createRedisConnection({ place: { sentinels: { masterName: 'mymaster', nodes, password: 'sentinel-password' } }, password, commandTimeoutMs: 800 })
  let isWanted = true
  let ends = 0
  redis.on('error', () => {})
  redis.on('end', () => { ends++ })
  connectAgainWhenEnded(redis, () => isWanted)
  redis.connect().catch(() => {})
  await until(() => redis.status === 'connecting')
  Reflect.get(redis, 'connector').disconnect() // what its detector of failovers does
  await until(() => redis.status === 'ready')
  t.equal(ends, 1, 'it had ended')
  t.equal(await redis.ping(), 'PONG')

  isWanted = false
  redis.disconnect()
  await until(() => ends === 2)
  t.equal(redis.status, 'end', 'who closes it has it closed')
})
