import { randomUUID } from 'node:crypto'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { SessionStoreUnavailable } from '../../src/errors.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { createAuthority } from '../rig/certificates.ts'
import { startCluster, startSentinels, startTlsRedis, type RedisShape } from '../rig/redis-shapes.ts'
import { timed, until } from '../rig/until.ts'
import { storeOf } from './configured-store.ts'
import { testStoreContract } from './store-contract.ts'

function contractOn (t: Test, shape: RedisShape, how = { tellsOfChanges: true }): void {
  testStoreContract(t, async (t) => {
    const [store, other] = await Promise.all([storeOf(t, shape.config), storeOf(t, shape.config)])
    return {
      store,
      other,
      async passes (ms) {
        // Redis keeps its own time: a session of the same life says when it is over.
        const id = randomUUID()
        await store.create(id, Buffer.alloc(32), Math.ceil(ms))
        await until(async () => await store.read(id) === null)
      }
    }
  }, how)
}

/** Writes until it works again; every try answers within a second, and no failure is taken for "no session". */
async function heals (t: Test, store: SessionStore, id: string): Promise<void> {
  let slowestMs = 0
  await until(async () => {
    const { result, tookMs } = await timed(() => store.read(id).catch((error: unknown) => error))
    slowestMs = Math.max(slowestMs, tookMs)
    if (result instanceof Error && !(result instanceof SessionStoreUnavailable)) throw result
    if (result === null) throw new Error('the session is gone')
    return Buffer.isBuffer(result) && await store.replace(id, result.subarray(0, 12), result, 60_000)
  }, 30_000)
  t.ok(slowestMs < 1_500, `the slowest answer took ${Math.round(slowestMs)} ms`)
}

t.test('Redis Sentinel', async (t) => {
  const shape = await startSentinels()
  t.teardown(() => shape.close())

  t.test('keeps the contract of a store', async (t) => contractOn(t, shape))

  t.test('a master that is killed: the sentinels name another, and sessions go on (T-114)', async (t) => {
    const store = await storeOf(t, shape.config)
    await store.create('kept', Buffer.from('just as it was, and then'), 60_000)
    const before = await shape.master()
    await until(async () => await before.client.call('WAIT', 1, 1_000) === 1)
    const changes: string[] = []
    store.changes.onChange((id) => { changes.push(id) })
    await until(() => store.changes.isHeard())
    before.process.kill('SIGKILL')
    await heals(t, store, 'kept')
    t.equal((await store.read('kept'))?.toString(), 'just as it was, and then')
    await until(async () => (await shape.master()).port !== before.port)
    // What the cache is kept coherent by stands at the new master.
    await until(() => store.changes.isHeard())
    await (await shape.master()).client.del('aihubmix:c:session:{kept}')
    await until(() => changes.at(-1) === 'kept')
    t.equal(await store.read('kept'), null)
  })
})

t.test('Redis Sentinel with passwords', async (t) => {
  const shape = await startSentinels()
  t.teardown(() => shape.close())
  const { sentinels, password } = shape.config as { readonly sentinels: object, readonly password: string }

  t.test('the right ones, each for its own: the session is there', async (t) => {
    const store = await storeOf(t, { sentinels, password })
    await store.create('kept', Buffer.from('just as it was, and then'), 60_000)
    t.equal((await store.read('kept'))?.toString(), 'just as it was, and then')
  })

  for (const [what, config] of [
    ['a wrong password for the Sentinels', { sentinels: { ...sentinels, password }, password }],
    ['none for the Sentinels', { sentinels: { ...sentinels, password: undefined }, password }],
    ['a wrong one for the master', { sentinels, password: 'sentinel-password' }],
    ['none for the master', { sentinels }]
  ] as const) {
    t.test(`${what}: unavailable within a second, and no password is in the log`, async (t) => {
      const lines: string[] = []
      const store = await storeOf(t, config, lines)
      const { result, tookMs } = await timed(() => store.read('id').catch((error: unknown) => error))
      t.type(result, SessionStoreUnavailable)
      t.ok(tookMs < 1_500, `${Math.round(tookMs)} ms`)
      await until(() => lines.length > 0)
      t.notMatch(lines.join('\n') + String((result as Error).cause), /sentinel-password|data-password/)
    })
  }
})

t.test('Redis Sentinel over TLS', async (t) => {
  const shape = await startSentinels({ isTls: true })
  t.teardown(() => shape.close())

  t.test('keeps the contract of a store', async (t) => contractOn(t, shape))

  t.test('a master that is killed: the sentinels name another, and sessions go on, still over TLS (T-114)', async (t) => {
    const store = await storeOf(t, shape.config)
    await store.create('kept', Buffer.from('just as it was, and then'), 60_000)
    const before = await shape.master()
    await until(async () => await before.client.call('WAIT', 1, 1_000) === 1)
    before.process.kill('SIGKILL')
    await heals(t, store, 'kept')
    t.equal((await store.read('kept'))?.toString(), 'just as it was, and then')
    t.not(await shape.master(), before)
    await until(() => store.changes.isHeard())
  })

  t.test('certificates of nobody known, and a gateway that speaks plainly: unavailable within a second', async (t) => {
    const { tls: _, ...plain } = shape.config
    for (const config of [{ ...plain, tls: { ca: createAuthority().caFile } }, plain]) {
      const store = await storeOf(t, config)
      const { result, tookMs } = await timed(() => store.read('id').catch((error: unknown) => error))
      t.type(result, SessionStoreUnavailable)
      t.ok(tookMs < 1_500, `${Math.round(tookMs)} ms`)
    }
  })
})

t.test('Redis Cluster', async (t) => {
  const shape = await startCluster()
  t.teardown(() => shape.close())

  t.test('keeps the contract of a store', async (t) => contractOn(t, shape, { tellsOfChanges: false }))

  t.test('reads of one turn go to every node', async (t) => {
    const store = await storeOf(t, shape.config)
    const ids = Array.from({ length: 50 }, (_value, index) => `session-${index}`)
    await Promise.all(ids.map((id) => store.create(id, Buffer.from(`value of ${id}`), 60_000)))
    const values = await Promise.all(ids.map((id) => store.read(id)))
    t.strictSame(values.map(String), ids.map((id) => `value of ${id}`))
    const sizes = await Promise.all(shape.nodes.map(({ client }) => client.dbsize()))
    t.ok(sizes.filter((size) => size > 0).length >= 3, 'they lie on all of them')
  })

  t.test('sessions are not cached there, and the log says so', async (t) => {
    const lines: string[] = []
    const store = await storeOf(t, shape.config, lines)
    await store.create('id', Buffer.alloc(32), 60_000)
    t.equal(store.changes.isHeard(), false)
    t.match(lines.join('\n'), 'sessions are not cached with Redis Cluster')
  })

  t.test('a slot that moves takes its sessions along (T-114)', async (t) => {
    const store = await storeOf(t, shape.config)
    await store.create('moved', Buffer.from('just as it was, and then'), 60_000)
    const before = await shape.ownerOf('{moved}')
    await shape.moveSlotOf('{moved}')
    t.not(await shape.ownerOf('{moved}'), before)
    t.equal((await store.read('moved'))?.toString(), 'just as it was, and then')
    t.not(await store.lease('moved', 1_000), null)
  })

  t.test('a node that is killed: its replica takes over, and sessions go on; the others\' never stop (T-114)', async (t) => {
    const store = await storeOf(t, shape.config)
    await store.create('kept', Buffer.from('just as it was, and then'), 60_000)
    const owner = await shape.ownerOf('{kept}')
    await until(async () => await owner.client.call('WAIT', 1, 1_000) === 1)
    owner.process.kill('SIGKILL')
    await heals(t, store, 'kept')
    t.equal((await store.read('kept'))?.toString(), 'just as it was, and then')
  })
})

t.test('Redis with TLS and an ACL user', async (t) => {
  const shape = await startTlsRedis()
  t.teardown(() => shape.close())

  t.test('keeps the contract of a store, with the rights the documentation names', async (t) => contractOn(t, shape))

  t.test('its word of changes is heard, with the rights the documentation names', async (t) => {
    const store = await storeOf(t, shape.config)
    const changes: string[] = []
    store.changes.onChange((id) => { changes.push(id) })
    await until(() => store.changes.isHeard())
    await store.create('told', Buffer.alloc(32), 60_000)
    await until(() => changes.includes('told'))
  })

  t.test('files that are exchanged count from the next connection on, without a restart; half exchanged ones keep nobody out', async (t) => {
    const shape = await startTlsRedis()
    const folder = await mkdtemp(join(tmpdir(), 'gateway-redis-tls-'))
    t.after(async () => {
      await shape.close()
      await rm(folder, { recursive: true })
    })
    const authority = createAuthority()
    const [server, one, other] = [authority.issue('IP:127.0.0.1'), authority.issue('DNS:one.test'), authority.issue('DNS:other.test')]
    const [ca, certFile, keyFile] = ['ca.pem', 'client.pem', 'client.key'].map((name) => join(folder, name)) as [string, string, string]
    await copyFile(shape.ca, ca)
    const asked = await storeOf(t, { ...shape.config, tls: { ca } })
    await until(async () => { await asked.ping(); return true })
    const administrator = shape.clients[0]
    const cutAll = async (): Promise<void> => { await administrator?.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes') }
    const isAway = async (store: SessionStore): Promise<boolean> => await store.ping().then(() => false, () => true)

    await administrator?.config('SET', 'tls-ca-cert-file', authority.caFile, 'tls-cert-file', server.certFile, 'tls-key-file', server.keyFile)
    await cutAll()
    await until(async () => await isAway(asked))
    await copyFile(authority.caFile, ca)
    await until(async () => !await isAway(asked))

    await Promise.all([copyFile(one.certFile, certFile), copyFile(one.keyFile, keyFile)])
    const known = await storeOf(t, { ...shape.config, tls: { ca, certFile, keyFile } })
    await until(async () => !await isAway(known))
    await copyFile(other.keyFile, keyFile)
    const before = await connectionsSoFar(administrator)
    await cutAll()
    await until(async () => await connectionsSoFar(administrator) > before && !await isAway(known))
    await known.create('kept', Buffer.from('written with the certificate of before'), 60_000)
    t.ok(await known.read('kept'))
  })

  t.test('a certificate of nobody known, a wrong password and keys of another prefix: unavailable, and said why', async (t) => {
    const { tls: _, ...unverified } = shape.config
    for (const [config, reason] of [
      [unverified, /certificate|self.signed/i],
      [{ ...shape.config, password: 'wrong' }, /WRONGPASS/],
      [{ ...shape.config, keyPrefix: 'other:' }, /NOPERM|permission/i]
    ] as const) {
      const store = await storeOf(t, config)
      const failure: unknown = await store.read('id').catch((error: unknown) => error)
      t.type(failure, SessionStoreUnavailable)
      if (reason.source.startsWith('NOPERM')) t.match((failure as Error).cause, { message: reason })
    }
  })
})

/** How many connections the server has taken since it started. */
async function connectionsSoFar (administrator: Redis | undefined): Promise<number> {
  return Number(/total_connections_received:(\d+)/.exec(await administrator?.info('stats') ?? '')?.[1])
}
