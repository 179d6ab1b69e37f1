import { randomBytes, randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import type { SessionEntry } from '../../src/session/session-index.ts'
import { revisionOf, type SessionId, type SessionStore } from '../../src/session/store.ts'
import { until } from '../rig/until.ts'

/** One kind of store, as the contract test meets it. */
export interface ContractStore {
  readonly store: SessionStore
  /** Another replica's view of the same sessions. */
  readonly other: SessionStore
  /** Lets this much time pass for what the store holds. */
  passes (ms: number): Promise<void>
}

const lifeMs = 60_000
const shortMs = 200
const newId = (): string => randomUUID()
const newValue = (): Buffer => randomBytes(64)

/** What every store of sessions promises, run against each of them. */
export function testStoreContract (t: Test, start: (t: Test) => Promise<ContractStore>, { tellsOfChanges = true } = {}): void {
  t.test('what was created is read as it was, byte for byte, by every replica', async (t) => {
    const { store, other } = await start(t)
    const id = newId()
    const value = Buffer.from(Array.from({ length: 256 }, (_value, byte) => byte))
    await store.create(id, value, lifeMs)
    for (const replica of [store, other]) t.ok((await replica.read(id))?.equals(value))
  })

  t.test('an unknown id reads as null', async (t) => {
    const { store } = await start(t)
    t.equal(await store.read(newId()), null)
  })

  t.test('a value ends with its time', async (t) => {
    const { store, passes } = await start(t)
    const id = newId()
    await store.create(id, newValue(), shortMs)
    t.not(await store.read(id), null)
    await passes(shortMs)
    t.equal(await store.read(id), null)
  })

  t.test('a replacement brings its own time', async (t) => {
    const { store, passes } = await start(t)
    const [id, value] = [newId(), newValue()]
    await store.create(id, value, shortMs)
    t.equal(await store.replace(id, revisionOf(value), newValue(), lifeMs), true)
    await passes(shortMs)
    t.not(await store.read(id), null)
  })

  t.test('a replacement writes over the revision it names and over no other', async (t) => {
    const { store, other } = await start(t)
    const [id, first, second, third] = [newId(), newValue(), newValue(), newValue()]
    await store.create(id, first, lifeMs)
    t.equal(await store.replace(id, revisionOf(first), second, lifeMs), true)
    t.equal(await other.replace(id, revisionOf(first), third, lifeMs), false, 'a late writer has read what is no more')
    t.ok((await store.read(id))?.equals(second))
  })

  t.test('of many replacements of one revision exactly one is made', async (t) => {
    const { store, other } = await start(t)
    const [id, first] = [newId(), newValue()]
    await store.create(id, first, lifeMs)
    const values = Array.from({ length: 20 }, newValue)
    const made = await Promise.all(values.map((value, index) => (index % 2 === 0 ? store : other).replace(id, revisionOf(first), value, lifeMs)))
    t.equal(made.filter(Boolean).length, 1)
    t.ok((await store.read(id))?.equals(values[made.indexOf(true)] ?? first))
  })

  t.test('a replacement brings nothing back that was deleted or ran out', async (t) => {
    const { store, other, passes } = await start(t)
    for (const end of [(id: string) => other.delete(id), () => passes(shortMs)]) {
      const [id, value] = [newId(), newValue()]
      await store.create(id, value, shortMs)
      await end(id)
      t.equal(await store.replace(id, revisionOf(value), newValue(), lifeMs), false)
      t.equal(await store.read(id), null)
    }
  })

  t.test('delete ends a session whatever its revision, and an unknown one too', async (t) => {
    const { store, other } = await start(t)
    const id = newId()
    await store.create(id, newValue(), lifeMs)
    await other.delete(id)
    await other.delete(id)
    t.equal(await store.read(id), null)
  })

  t.test('deleteRevision spares what somebody saved meanwhile', async (t) => {
    const { store, other } = await start(t)
    const [id, first, second] = [newId(), newValue(), newValue()]
    await store.create(id, first, lifeMs)
    await other.replace(id, revisionOf(first), second, lifeMs)
    t.equal(await store.deleteRevision(id, revisionOf(first)), false)
    t.ok((await store.read(id))?.equals(second))
    t.equal(await store.deleteRevision(id, revisionOf(second)), true)
    t.equal(await store.read(id), null)
    t.equal(await store.deleteRevision(id, revisionOf(second)), false, 'there is nothing left to delete')
  })

  t.test('of many who spend a name at once exactly one is first', async (t) => {
    const { store, other } = await start(t)
    const name = newId()
    const spent = await Promise.all(Array.from({ length: 20 }, (_value, index) => (index % 2 === 0 ? store : other).spendOnce(name, lifeMs)))
    t.equal(spent.filter(Boolean).length, 1)
    t.equal(await store.spendOnce(newId(), lifeMs), true, 'another name is another matter')
  })

  t.test('a name can be spent again when its time is over', async (t) => {
    const { store, passes } = await start(t)
    const name = newId()
    t.equal(await store.spendOnce(name, shortMs), true)
    t.equal(await store.spendOnce(name, shortMs), false)
    await passes(shortMs)
    t.equal(await store.spendOnce(name, shortMs), true)
  })

  t.test('a lease has one holder over all replicas, and the next after its release', async (t) => {
    const { store, other } = await start(t)
    const id = newId()
    const taken = await Promise.all([store, other, store, other].map((replica) => replica.lease(id, lifeMs)))
    const held = taken.filter((lease) => lease !== null)
    t.equal(held.length, 1)
    t.not(await other.lease(newId(), lifeMs), null, 'another session is another lease')
    await held[0]?.release()
    t.not(await other.lease(id, lifeMs), null)
  })

  t.test('a lease ends by itself, and then its late holder neither renews nor releases the next one', async (t) => {
    const { store, other, passes } = await start(t)
    const id = newId()
    const late = await store.lease(id, shortMs)
    await passes(shortMs)
    t.not(await other.lease(id, lifeMs), null)
    t.equal(await late?.renew(), false)
    await late?.release()
    t.equal(await store.lease(id, lifeMs), null, 'the next holder still holds it')
  })

  t.test('a lease that ran out is not renewed, held by another or not', async (t) => {
    const { store, passes } = await start(t)
    const lease = await store.lease(newId(), shortMs)
    await passes(shortMs)
    t.equal(await lease?.renew(), false)
  })

  t.test('a renewed lease lasts its whole time again', async (t) => {
    const { store, other, passes } = await start(t)
    const id = newId()
    const lease = await store.lease(id, 3 * shortMs)
    for (let round = 0; round < 3; round++) {
      await passes(1.5 * shortMs)
      t.equal(await lease?.renew(), true)
    }
    t.equal(await other.lease(id, lifeMs), null)
  })

  t.test('a lease renewed for longer lasts that long', async (t) => {
    const { store, other, passes } = await start(t)
    const id = newId()
    const lease = await store.lease(id, shortMs)
    t.equal(await lease?.renew(lifeMs), true)
    await passes(2 * shortMs)
    t.equal(await other.lease(id, lifeMs), null)
    t.equal(await lease?.renew(), true)
  })

  t.test('a lease and a session of one id do not meet', async (t) => {
    const { store } = await start(t)
    const [id, value] = [newId(), newValue()]
    await store.create(id, value, lifeMs)
    const lease = await store.lease(id, lifeMs)
    await store.delete(id)
    t.equal(await lease?.renew(), true)
    await lease?.release()
    t.equal(await store.spendOnce(id, lifeMs), true)
  })

  t.test('the index knows the sessions of a user, on every replica, until they are removed or cannot live any more', async (t) => {
    const { store, other } = await start(t)
    const [ada, ben] = [`ada ${newId()}*?[`, newId()]
    const entry = { id: newId(), user: ada, createdAt: 1, lastSeenAt: 2 }
    await store.index.note(entry, lifeMs)
    await store.index.note({ ...entry, id: 'another' }, lifeMs)
    await other.index.note({ ...entry, user: ben }, lifeMs)
    await other.index.note({ ...entry, lastSeenAt: 3 }, lifeMs)
    const byId = (entries: readonly SessionEntry[]) => entries.toSorted((one, two) => two.id.length - one.id.length)
    t.strictSame(byId(await other.index.of(ada)), [{ ...entry, lastSeenAt: 3 }, { ...entry, id: 'another' }])
    const users = new Set<string>()
    for await (const some of store.index.users()) for (const user of some) users.add(user)
    t.ok(users.has(ada) && users.has(ben))
    await other.index.remove(entry)
    t.strictSame((await store.index.of(ada)).map(({ id }) => id), ['another'])
    t.strictSame(await store.index.of(newId()), [])
  })

  t.test('ping resolves while the store answers', async (t) => {
    const { store } = await start(t)
    await t.resolves(store.ping())
  })

  if (!tellsOfChanges) return // and says so: nothing is believed then

  t.test('every save and every end is told to every replica, the writing one too', async (t) => {
    const { store, other } = await start(t)
    const [id, value] = [newId(), newValue()]
    await until(() => store.changes.isHeard() && other.changes.isHeard())
    const told: SessionId[][] = [[], []]
    store.changes.onChange((changed) => { told[0]?.push(changed) })
    other.changes.onChange((changed) => { told[1]?.push(changed) })
    const writes = [
      () => store.create(id, value, lifeMs),
      () => other.replace(id, revisionOf(value), value, lifeMs),
      () => store.deleteRevision(id, revisionOf(value)),
      () => other.create(id, value, lifeMs),
      () => store.delete(id)
    ]
    for (const [index, write] of writes.entries()) {
      await write()
      await until(() => told.every((ids) => ids.length === index + 1))
    }
    t.strictSame(new Set(told.flat()), new Set([id]))
  })
}
