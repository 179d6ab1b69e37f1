import t from 'tap'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { callsOf, clientOf, clientWithFake, failureOf, goodUserinfo, secrets, startedAt, tokens } from './fake.ts'

t.test('the guide\'s userinfo is read member for member, and kept as received', async (t) => {
  const { client, fake } = await clientWithFake(t)
  const text = JSON.stringify(goodUserinfo, null, 2)
  for (const sent of [text, JSON.stringify({ success: true, message: '', data: goodUserinfo })]) {
    fake.answerWith(sent)
    t.strictSame(await client.userinfo(tokens), { id: '12345', username: 'user123', email: 'user@example.com', balance: '750.00', status: '1', readAt: startedAt, userinfo: sent })
  }
  t.equal(fake.seen[0]?.headers['authorization'], `Bearer ${secrets.accessToken}`)
  t.equal(fake.seen[0]?.target, '/api/oauth2/userinfo')
})

t.test('an id is a text without loss: number, numeric text, UUID, beyond 2^53 (V-20)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const [sent, id] of [['12345', '12345'], ['"12345"', '12345'], ['" 12345 "', '12345'], ['9007199254740993', '9007199254740993'], ['9223372036854775807', '9223372036854775807'], ['"9007199254740993"', '9007199254740993'], ['12345678901234567890', '12345678901234567890'], ['"0f8b7c1e-9a55-4c8e-8f3c-1b2d3e4f5a6b"', '0f8b7c1e-9a55-4c8e-8f3c-1b2d3e4f5a6b'], ['-5', '-5'], ['12345.0', '12345'], ['"u_7f3c9a1e"', 'u_7f3c9a1e']] as const) {
    fake.answerWith(`{"id": ${sent}, "status": 1}`)
    t.equal((await client.userinfo(tokens)).id, id, sent)
  }
})

t.test('no usable id is no user (V-21, T-10)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const sent of ['null', '0', '""', '" "', '"0"', '{}', '[]', 'true', '1.5', '1e400', '1e21', `"${'9'.repeat(300)}"`]) {
    fake.answerWith(`{"id": ${sent}, "username": "user123", "status": 1}`)
    t.equal((await failureOf(t, callsOf(client).userinfo)).name, 'AuthorizationServerBadResponse', sent)
  }
  fake.answerWith({ username: 'user123', status: 1 })
  t.equal((await failureOf(t, callsOf(client).userinfo)).name, 'AuthorizationServerBadResponse', 'missing')
})

t.test('with identity.subject username that is the subject, and never the id instead (V-21)', async (t) => {
  const { client, fake } = await clientWithFake(t, { subject: 'username' })
  fake.answerWith({ username: 'user123', status: 1 })
  t.equal((await client.userinfo(tokens)).id, 'user123')
  fake.answerWith({ id: 12345, username: '', status: 1 })
  t.equal((await failureOf(t, callsOf(client).userinfo)).name, 'AuthorizationServerBadResponse')
})

t.test('names and addresses in every form are texts or unknown, never an error (V-23, V-24)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const [sent, username] of [['张三丰', '张三丰'], ['Ærø 🚀', 'Ærø 🚀'], ['  x ', 'x'], ['', null], [null, null], [undefined, null], [7, null], [{}, null], ['x'.repeat(500), 'x'.repeat(200)], ['a\r\nb', 'a\r\nb']] as const) {
    fake.answerWith({ ...goodUserinfo, username: sent })
    t.equal((await client.userinfo(tokens)).username, username, JSON.stringify(sent))
  }
  for (const [sent, email] of [['A@B.example', 'A@B.example'], ['', null], [null, null], [undefined, null], ['nobody', null], ['a@b@c', null], ['a b@c', null], [7, null]] as const) {
    fake.answerWith({ ...goodUserinfo, email: sent })
    t.equal((await client.userinfo(tokens)).email, email, JSON.stringify(sent))
  }
})

t.test('status 1, "1" and none are enabled, everything else is disabled (V-25, V-26)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const status of [1, '1', null, undefined]) {
    fake.answerWith({ ...goodUserinfo, status })
    await t.resolves(client.userinfo(tokens), JSON.stringify(status))
  }
  for (const status of [2, 3, 0, -1, '2', 'disabled', '', 11]) {
    fake.answerWith({ ...goodUserinfo, status })
    t.match(await failureOf(t, callsOf(client).userinfo), { code: 'account_disabled' }, JSON.stringify(status))
  }
})

t.test('a balance is what AIHubMix wrote, or unknown, never 0 (V-27, V-28)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const written of ['750.00', '-0.01', '1,234.56', '$750.00', '＄2.000000 額度', '¥12', '1e9', '1234567890123456789012345678901234567.89', '0.00']) {
    fake.answerWith({ ...goodUserinfo, balance_formatted: written })
    t.equal((await client.userinfo(tokens)).balance, written)
  }
  for (const written of [null, undefined, '', 750, {}, false]) {
    fake.answerWith({ ...goodUserinfo, balance_formatted: written })
    t.equal((await client.userinfo(tokens)).balance, null, JSON.stringify(written))
  }
})

t.test('a balance is shown only when the scope was granted (V-30)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  fake.answerWith(goodUserinfo)
  t.equal((await client.userinfo({ ...tokens, scope: ['profile'] })).balance, null)
})

t.test('401 says that the token is refused, and so, less surely, does a refusal under 200 (V-03, V-31, V-32)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const [body, status, name, isDefinite] of [['', 401, 'InvalidAccessToken', true], [{ success: false }, 401, 'InvalidAccessToken', true], [{ success: false, message: 'x' }, 200, 'InvalidAccessToken', false], [{ error: 'invalid_token' }, 200, 'InvalidAccessToken', false], [{ error: { message: 'x' } }, 200, 'InvalidAccessToken', false], [{ success: true, data: { success: false } }, 200, 'InvalidAccessToken', false]] as const) {
    fake.answerWith(body, status)
    t.match(await failureOf(t, callsOf(client).userinfo), { name, isDefinite }, `${status} ${JSON.stringify(body)}`)
  }
  fake.answerWith({ success: false }, 403)
  t.match(await failureOf(t, callsOf(client).userinfo), { code: 'provider_refused' })
})

t.test('404, empty, HTML and other answers are no user and no refusal either (V-05, V-06, V-33)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const [body, status] of [['', 404], [goodUserinfo, 404], [{ error: { message: 'Invalid URL' } }, 404], ['<!doctype html>', 200], ['', 200], ['null', 200], ['[]', 200], [JSON.stringify(goodUserinfo).slice(0, -3), 200], ['{}', 200], [goodUserinfo, 400]] as const) {
    fake.answerWith(body, status)
    t.equal((await failureOf(t, callsOf(client).userinfo)).name, 'AuthorizationServerBadResponse', `${status} ${JSON.stringify(body)}`)
  }
})

t.test('every user of the emulator is read as it is: ids and quotas beyond 2^53, debts, odd balances', async (t) => {
  const emulator = await startEmulator({ apps: [{ clientId: 'client_test', clientSecret: secrets.clientSecret, name: 'Test', redirectUri: 'https://gw.test/oauth2/callback' }], now: () => startedAt })
  t.after(() => emulator.close())
  const client = clientOf(emulator.url)
  const read = async (username: string) => {
    const { code } = emulator.authorize({ username, clientId: 'client_test', redirectUri: 'https://gw.test/oauth2/callback' })
    return await client.userinfo(await client.authorizationCodeGrant({ code, redirectUri: 'https://gw.test/oauth2/callback', codeVerifier: null }))
  }
  for (const [username, expected] of [['user123', { id: '12345', balance: '750.00' }], ['bigid', { id: '9007199254740993' }], ['strid', { id: 'u_7f3c9a1e' }], ['huge', { balance: '18446744073709.55' }], ['debt', { balance: '-0.01' }], ['noemail', { email: null }], ['nullmail', { email: null }], ['张三丰', { username: '张三丰' }], ['scoped', { balance: null }]] as const) {
    t.match(await read(username), expected, username)
  }
  t.match((await read('huge')).userinfo, '9223372036854775807')
})
