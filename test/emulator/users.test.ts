import t from 'tap'
import { hostileUsername } from '../../src/emulator/seeded-users.ts'
import { emulatorFor, get, signedIn, userinfo } from './start.ts'

const traits: readonly [username: string, trait: string, text: string][] = [
  ['rich', 'has used more than is left', '"quota":29071257,"used_quota":286403484,"balance_formatted":"58.14"'],
  ['poor', 'has two cents', '"balance_formatted":"0.02"'],
  ['zero', 'has nothing', '"quota":0,"used_quota":1000000,"balance_formatted":"0.00"'],
  ['debt', 'owes a cent', '"balance_formatted":"-0.01"'],
  ['huge', 'has int64 quota, every digit kept', '"quota":9223372036854775807,"used_quota":1000000,"balance_formatted":"18446744073709.55"'],
  ['noemail', 'has an empty e-mail', '"email":""'],
  ['nullmail', 'has a null e-mail', '"email":null'],
  ['张三丰', 'has a Chinese name', '"username":"张三丰"'],
  ['Ærø 🚀', 'has an emoji in the name', '"username":"Ærø 🚀"'],
  [hostileUsername, 'has a line break and a tag in the name', '"username":"mallory\\r\\nX-Injected: 1<script>alert(1)</script>"'],
  ['strid', 'has a text id', '"id":"u_7f3c9a1e"'],
  ['bigid', 'has an id beyond 2^53', '"id":9007199254740993'],
  ['noid', 'has no id', '{"username":"noid"'],
  ['disabled', 'is disabled', '"status":2'],
  ['deleted', 'is deleted', '"status":3']
]

t.test('each seeded user has its trait', async (t) => {
  const emulator = await emulatorFor(t)
  for (const [username, trait, text] of traits) {
    const { accessToken } = await signedIn(emulator, username)
    const body = await (await get(emulator, '/api/oauth2/userinfo', accessToken)).text()
    t.ok(body.includes(text), `${JSON.stringify(username)} ${trait}: ${body}`)
  }
})

t.test('scoped is granted the profile only, whatever is asked for', async (t) => {
  const emulator = await emulatorFor(t)
  const { body } = await userinfo(emulator, await signedIn(emulator, 'scoped'))
  t.same(Object.keys(body), ['id', 'username', 'email', 'created_time', 'status'])
})

t.test('renamed has another name and id from the second call on', async (t) => {
  const emulator = await emulatorFor(t)
  const tokens = await signedIn(emulator, 'renamed')
  t.match((await userinfo(emulator, tokens)).body, { id: 117, username: 'renamed' })
  t.match((await userinfo(emulator, tokens)).body, { id: 917, username: 'renamed-since' })
})

t.test('a balance grant alone shows no name', async (t) => {
  const emulator = await emulatorFor(t)
  const { body } = await userinfo(emulator, await signedIn(emulator, 'user123', 'balance'))
  t.same(Object.keys(body), ['id', 'quota', 'used_quota', 'balance_formatted'])
})

t.test('a test changes a member, or removes it, or makes a new user', async (t) => {
  const emulator = await emulatorFor(t)
  emulator.users.set('user123', { balance_formatted: '$1,234.56', email: undefined })
  emulator.users.set('newcomer', { id: 777n })
  const { body } = await userinfo(emulator, await signedIn(emulator))
  t.equal(body['balance_formatted'], '$1,234.56')
  t.notOk('email' in body)
  t.match((await userinfo(emulator, await signedIn(emulator, 'newcomer'))).body, { id: 777, username: 'newcomer' })
})
