import { createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createCookieSeals } from '../../src/session/plugin.ts'
import { seal, unseal } from '../../src/session/seal.ts'
import { revisionBytes, revisionOf } from '../../src/session/store.ts'
import { sessionOf } from './session-of.ts'

const key = createSecretKey(randomBytes(32))
const cookieKey = randomBytes(32)
const id = 'session-id'
const session = sessionOf(1_700_000_000_000)

t.test('a sealed session opens with its key under its id', async (t) => {
  t.strictSame(unseal(seal(session, key, id), key, id), session)
})

t.test('any text survives the seal, in any script', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (userinfo) => {
    const odd = { ...session, identity: { ...session.identity, userinfo } }
    t.equal(unseal(seal(odd, key, id), key, id)?.identity.userinfo === userinfo, true)
  }), { numRuns: 50 })
})

t.test('every sealing is another revision, and shows nothing of what it holds', async (t) => {
  const sealed = Array.from({ length: 50 }, () => seal(session, key, id))
  t.equal(new Set(sealed.map((value) => revisionOf(value).toString('hex'))).size, 50)
  t.equal(revisionOf(sealed[0] ?? Buffer.alloc(0)).length, revisionBytes)
  for (const text of ['access-token', 'refresh-token', '12345', 'user@example.com']) t.notOk(sealed[0]?.includes(text))
})

t.test('another key, another id, or one changed bit opens nothing', async (t) => {
  const value = seal(session, key, id)
  t.equal(unseal(value, createSecretKey(randomBytes(32)), id), null)
  t.equal(unseal(value, key, 'another-id'), null, 'a value copied under another id')
  for (let at = 0; at < value.length; at++) {
    const changed = Buffer.from(value)
    changed[at] = (changed[at] ?? 0) ^ 1
    if (unseal(changed, key, id) !== null) t.fail(`byte ${at} can be changed`)
  }
})

t.test('a cut value opens nothing, however short', async (t) => {
  const value = seal(session, key, id)
  for (let length = 0; length < value.length; length++) {
    if (unseal(value.subarray(0, length), key, id) !== null) t.fail(`opens with ${length} bytes`)
  }
})

async function sealsWith (t: Test, ...keys: readonly Buffer[]) {
  const seals = await createCookieSeals({ keys, ticketMaxAgeMs: 60_000, transactionMaxAgeMs: 60_000 })
  t.after(() => seals.close())
  return seals
}

t.test('a sealed cookie opens to what was sealed, and every replica with the key opens it', async (t) => {
  const [first, second] = [await sealsWith(t, cookieKey), await sealsWith(t, cookieKey)]
  const data = { id: 'a', key: 'b;c.d', 名: '值' }
  t.strictSame(second.ticket.open(first.ticket.seal(data)), data)
})

t.test('a cookie of one purpose is none of the other', async (t) => {
  const { ticket, transaction } = await sealsWith(t, cookieKey)
  t.equal(transaction.open(ticket.seal({ id: 'a' })), null)
  t.equal(ticket.open(transaction.seal({ id: 'a' })), null)
})

t.test('after a key rotation the old cookies open, and the new key seals', async (t) => {
  const newKey = randomBytes(32)
  const [before, during, after] = [await sealsWith(t, cookieKey), await sealsWith(t, newKey, cookieKey), await sealsWith(t, newKey)]
  t.strictSame(during.ticket.open(before.ticket.seal({ id: 'old' })), { id: 'old' })
  t.strictSame(after.ticket.open(during.ticket.seal({ id: 'new' })), { id: 'new' })
  t.equal(after.ticket.open(before.ticket.seal({ id: 'old' })), null, 'a key that is gone opens nothing')
})

t.test('a sealed cookie is made of characters a cookie may hold, unescaped (RFC 6265 §4.1.1)', async (t) => {
  const { ticket } = await sealsWith(t, cookieKey)
  for (let length = 0; length < 40; length++) t.match(ticket.seal({ id: 'x'.repeat(length) }), /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/)
})

t.test('no other spelling of a sealed cookie opens: not one bit of it can be changed (T-91)', async (t) => {
  const { ticket } = await sealsWith(t, cookieKey)
  for (const good of [ticket.seal({ id: 'a' }), ticket.seal({ id: 'ab' }), ticket.seal({ id: 'abc' })]) {
    const bytes = Buffer.from(good)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      if (ticket.open(changed.toString('latin1')) !== null) t.fail(`bit ${bit} of ${good} can be changed`)
    }
    for (const other of [`"${good}"`, `${good} `, `${good}=`, good.replaceAll('+', '-').replaceAll('/', '_') + '=', good.replace('.', '=.')]) t.equal(ticket.open(other), null, other)
  }
})

t.test('whatever stands in a cookie, opening it never throws', async (t) => {
  const { ticket } = await sealsWith(t, cookieKey)
  const good = ticket.seal({ id: 'a' })
  const [text = '', nonce = ''] = good.split('.')
  const shortest = Buffer.alloc(16).toString('base64')
  const odd = ['', '.', '..', 'a', 'a.b', `${text}.`, `.${nonce}`, `${shortest}.${nonce}`, `${text};${nonce}`, `${text}.${nonce.slice(2)}`, '%00', '{"id":"a"}', 'x'.repeat(8_192), `${'x'.repeat(8_192)}.${nonce}`, good.slice(0, -8), good.slice(4), '\u0000', '__proto__']
  for (const value of odd) t.equal(ticket.open(value), null, JSON.stringify(value.slice(0, 40)))
  fc.assert(fc.property(fc.string(), fc.base64String(), (a, b) => ticket.open(a) === null && ticket.open(`${b}.${nonce}`) === null && ticket.open(`${text}.${b}`) === null))
})
