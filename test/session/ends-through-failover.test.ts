import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createSessionAdministration } from '../../src/session/administration.ts'
import { createMemoryStore } from '../../src/session/memory-store.ts'
import { revisionOf } from '../../src/session/store.ts'
import { startSentinels, type RedisNode, type SentinelRig } from '../rig/redis-shapes.ts'
import { until } from '../rig/until.ts'
import { storeOf } from './configured-store.ts'

const lifeMs = 60_000
const newValue = (): Buffer => Buffer.from(randomUUID())

/** How often the master was asked whether a replica has what it wrote. */
async function waits (master: RedisNode): Promise<number> {
  return Number(/cmdstat_wait:calls=(\d+)/.exec(await master.client.info('commandstats'))?.[1] ?? 0)
}

async function replicaOf ({ nodes, master }: SentinelRig): Promise<RedisNode> {
  const current = await master()
  const replica = nodes.find((node) => node !== current)
  if (replica === undefined) throw new Error('no replica')
  return replica
}

t.test('Sentinels', async (t) => {
  const shape = await startSentinels()
  t.teardown(() => shape.close())

  t.test('what an ended session, its note for operators and its end wait for is a replica\'s word', async (t) => {
    const store = await storeOf(t, shape.config)
    const [master, replica] = [await shape.master(), await replicaOf(shape)]
    const [ended, over] = [newValue(), newValue()]
    await store.create('ended', ended, lifeMs)
    await store.create('over', over, lifeMs)
    for (const [what, write, answer] of [
      ['sign-out and revocation', () => store.delete('ended'), undefined],
      ['an end by what AIHubMix says', () => store.deleteRevision('over', revisionOf(over)), true],
      ['the note', () => store.index.note({ id: 'noted', user: 'ada', createdAt: 1, lastSeenAt: 2 }, lifeMs), undefined]
    ] as const) {
      replica.process.kill('SIGSTOP')
      const before = await waits(master)
      let isDone = false
      const written = write().finally(() => { isDone = true })
      await until(async () => await waits(master) >= before + 2)
      t.notOk(isDone, `${what}: not while no replica has it`)
      replica.process.kill('SIGCONT')
      t.equal(await written, answer)
    }
    await until(async () => (await replica.client.call('EXISTS', 'aihubmix:c:session:{ended}', 'aihubmix:c:session:{over}')) === 0)
  })

  t.test('a session that an operator ends while its beginning waits for a replica stays ended', async (t) => {
    const [master, replica] = [await shape.master(), await replicaOf(shape)]
    replica.process.kill('SIGSTOP')
    t.teardown(() => replica.process.kill('SIGCONT'))
    const [noted, gateway, operator] = await Promise.all([storeOf(t, shape.config), storeOf(t, shape.config), storeOf(t, shape.config)])
    const entry = { id: 'begun', user: 'ada', createdAt: Date.now(), lastSeenAt: Date.now() }
    // The operator's learns that there is no replica: its writes are made once from then on.
    await Promise.all([operator.create('other', newValue(), lifeMs), noted.index.note(entry, lifeMs)])
    const beginning = gateway.create('begun', newValue(), lifeMs)
    await until(async () => await operator.read('begun') !== null)
    t.equal(await createSessionAdministration(operator).revoke({ user: 'ada' }), 1)
    const before = await waits(master)
    await until(async () => await waits(master) > before + 1)
    t.equal(await operator.read('begun'), null, 'the beginning was written again meanwhile')
    await beginning
    t.equal(await gateway.read('begun'), null)
  })
})

t.test('sessions that are ended while the Sentinels hand over stay ended', async (t) => {
  const shape = await startSentinels()
  t.teardown(() => shape.close())
  const store = await storeOf(t, shape.config)
  await until(() => shape.isWhole(), 60_000)
  const ids = Array.from({ length: 60 }, (_one, index) => `session-${index}`)
  await Promise.all(ids.map((id) => store.create(id, newValue(), lifeMs)))
  const before = await shape.master()
  await shape.failover()
  const endings: Array<Promise<void>> = []
  for (const id of ids) {
    endings.push(until(async () => { await store.delete(id); return true }, 20_000)) // as often as it takes to be told that it is done
    await delay(50)
  }
  await Promise.all(endings)
  await until(async () => await shape.master() !== before && await shape.isWhole(), 60_000)
  t.same((await Promise.all(ids.map((id) => store.read(id)))).filter((value) => value !== null), [])
  for (const { client } of shape.nodes) t.same(await client.keys('aihubmix:c:session:{session-*'), [])
})

t.test('a session that is noted and begins a moment later is still known to operators after they looked', async (t) => {
  let now = 1_000_000
  const store = createMemoryStore(() => now)
  const administration = createSessionAdministration(store, () => now)
  await store.index.note({ id: 'begun', user: 'ada', createdAt: now, lastSeenAt: now }, lifeMs)
  t.same(await administration.list('all'), [])
  await store.create('begun', newValue(), 10 * lifeMs)
  t.equal(await administration.revoke('all'), 1)
  t.equal(await store.read('begun'), null)
  await store.index.note({ id: 'never', user: 'ben', createdAt: now, lastSeenAt: now }, lifeMs)
  now += 61_000
  await administration.list('all')
  t.same(await store.index.of('ben'), [], 'what never began is forgotten')
})
