import t from 'tap'
import type { TokenSet } from '../../src/session/user-session.ts'
import { callsOf, clientWithFake, failureOf, goodTokens, secrets, startedAt } from './fake.ts'

const grants = ['authorizationCodeGrant', 'refreshTokenGrant'] as const

t.test('both grants are sent as the guide has them: a form, the credentials in it, once (R-06, R-07)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  fake.answerWith(goodTokens)
  await client.authorizationCodeGrant({ code: 'c+d/e=', redirectUri: 'https://gw.test/oauth2/callback', codeVerifier: 'v'.repeat(43) })
  await client.refreshTokenGrant('r+s/t=', ['profile'])
  const forms = fake.seen.map(({ body }) => Object.fromEntries(new URLSearchParams(body)))
  const credentials = { client_id: 'client_test', client_secret: secrets.clientSecret }
  t.strictSame(forms, [
    { ...credentials, grant_type: 'authorization_code', code: 'c+d/e=', redirect_uri: 'https://gw.test/oauth2/callback', code_verifier: 'v'.repeat(43) },
    { ...credentials, grant_type: 'refresh_token', refresh_token: 'r+s/t=' }
  ])
  for (const { method, target, headers } of fake.seen) {
    t.equal(`${method} ${target}`, 'POST /api/oauth2/token')
    t.match(headers['content-type'], 'application/x-www-form-urlencoded')
    t.equal(headers['accept'], 'application/json')
    t.equal(headers['accept-language'], 'en')
    t.notOk(headers['cookie'])
    t.notOk(headers['authorization'])
  }
})

for (const grant of grants) {
  t.test(`${grant}: bare or wrapped, with other members, under any content type (V-01, V-02, V-07, V-19)`, async (t) => {
    const { client, fake } = await clientWithFake(t)
    const forms = [goodTokens, { success: true, message: '', data: goodTokens }, { success: true, message: null, data: goodTokens }, { ...goodTokens, id_token: 'x', created_at: 1, error_description: 'none' }]
    for (const contentType of ['application/json', 'text/plain', 'text/html', 'application/json; charset=utf-8', '']) {
      for (const form of forms) {
        fake.answerWith(form, 200, contentType === '' ? {} : { 'content-type': contentType })
        t.strictSame(await callsOf(client)[grant](), { accessToken: secrets.accessToken, refreshToken: secrets.refreshToken, obtainedAt: startedAt, accessTokenExpiresAt: startedAt + 7_200_000, scope: ['profile', 'balance'] })
      }
    }
  })

  t.test(`${grant}: every refusal is told apart by its status and code, never by its text (V-03, V-04, V-05)`, async (t) => {
    const { client, fake } = await clientWithFake(t)
    const answers: readonly (readonly [string, unknown, number])[] = [
      ['InvalidGrant', { error: 'invalid_grant', error_description: '無效' }, 400],
      ['InvalidGrant', { error: 'invalid_grant' }, 401],
      ['InvalidGrant', { error: 'invalid_grant' }, 200],
      ['InvalidGrant', { error: 'invalid_grant', success: false }, 200],
      ['GrantRefused', { success: false, message: '無權進行此操作' }, 200],
      ['GrantRefused', { success: false, message: 'invalid_grant' }, 200],
      ['GrantRefused', { success: false, message: '' }, 400],
      ['GrantRefused', { success: true, data: { success: false } }, 200],
      ['GrantRefused', { error: { message: 'invalid_grant', type: 'one_api_panic' } }, 200],
      ['GrantRefused', { error: { message: 'x', type: 'invalid_grant' } }, 400],
      ['GrantRefused', { success: false, code: 'AUTH_TOKEN_EXPIRED', message: '過期' }, 401],
      ['GrantRefused', { error: 'access_denied' }, 403],
      ['GatewayError', { error: 'invalid_client' }, 401],
      ['GatewayError', { error: 'unauthorized_client' }, 400],
      ['AuthorizationServerBadResponse', { error: 'invalid_request' }, 400],
      ['AuthorizationServerBadResponse', { error: 'invalid_scope' }, 200],
      ['AuthorizationServerBadResponse', '', 400],
      ['AuthorizationServerBadResponse', 'no', 401],
      ['AuthorizationServerBadResponse', '<!doctype html>', 404],
      ['AuthorizationServerUnavailable', { error: 'invalid_grant' }, 500],
      ['AuthorizationServerUnavailable', { success: false }, 503],
      ['AuthorizationServerUnavailable', '', 502],
      ['AuthorizationServerUnavailable', Buffer.from([0xc4, 0xe3]), 500],
      ['TooManyCalls', '', 429],
      ['TooManyCalls', { error: 'invalid_grant' }, 429],
      ['AuthorizationServerUnavailable', '', 408]
    ]
    for (const [name, body, status] of answers) {
      fake.answerWith(body, status)
      const { length } = fake.seen
      t.equal((await failureOf(t, callsOf(client)[grant])).name, name, `${status} ${JSON.stringify(body)}`)
      t.equal(fake.seen.length, length + 1, 'asked once')
    }
  })

  t.test(`${grant}: an answer that is no JSON object is refused, and is no sign-out (V-06)`, async (t) => {
    const { client, fake } = await clientWithFake(t)
    const good = JSON.stringify(goodTokens)
    const bodies = ['<!doctype html><title>Just a moment…</title>', good.slice(0, -10), '{"access_token": nope,}', 'null', '[]', `[${good}]`, '42', '"text"', 'true', '', '   ', `\uFEFF${good}`, Buffer.from(`\uFEFF${good}`, 'utf16le'), Buffer.from([0x7b, 0x22, 0xc4, 0xe3, 0x22, 0x3a, 0x31, 0x7d]), `${good}${good}`, '{"__proto__":1}', '{}']
    for (const body of bodies) {
      fake.answerWith(body)
      t.equal((await failureOf(t, callsOf(client)[grant])).name, 'AuthorizationServerBadResponse', JSON.stringify(String(body).slice(0, 30)))
    }
  })

  t.test(`${grant}: expires_in in every form (V-15)`, async (t) => {
    const { client, fake } = await clientWithFake(t)
    const { expires_in: _sent, ...without } = goodTokens
    for (const [sent, seconds] of [[7200, 7200], [60, 60], ['7200', 7200], ['60.5', 60.5], [59.5, 59.5], [0, 7200], [-1, 7200], ['0', 7200], ['', 7200], ['soon', 7200], [null, 7200], [[], 7200], [{}, 7200], [true, 7200], [31 * 86_400, 86_400], [7_200_000, 86_400], [1e300, 86_400]] as const) {
      fake.answerWith({ ...without, expires_in: sent })
      t.equal((await tokensFrom(callsOf(client)[grant])).accessTokenExpiresAt, startedAt + seconds * 1000, JSON.stringify(sent))
    }
    fake.answerWith(without)
    t.equal((await tokensFrom(callsOf(client)[grant])).accessTokenExpiresAt, startedAt + 7_200_000, 'missing')
  })

  t.test(`${grant}: token_type in any case or none is bearer, another one is refused (V-16)`, async (t) => {
    const { client, fake } = await clientWithFake(t)
    for (const tokenType of ['Bearer', 'bearer', 'BEARER', null, undefined]) {
      fake.answerWith({ ...goodTokens, token_type: tokenType })
      await t.resolves(callsOf(client)[grant]())
    }
    for (const tokenType of ['mac', 'DPoP', '', 'bearer ', 1, {}]) {
      fake.answerWith({ ...goodTokens, token_type: tokenType })
      t.equal((await failureOf(t, callsOf(client)[grant])).name, 'AuthorizationServerBadResponse', JSON.stringify(tokenType))
    }
  })

  t.test(`${grant}: scope as a text, a list, with commas, smaller or missing (V-17)`, async (t) => {
    const { client, fake } = await clientWithFake(t)
    for (const [sent, granted] of [['profile balance', ['profile', 'balance']], ['balance profile', ['balance', 'profile']], ['profile,balance', ['profile', 'balance']], ['profile, balance ', ['profile', 'balance']], [['profile', 'balance'], ['profile', 'balance']], ['profile', ['profile']], [null, ['profile', 'balance']], [undefined, ['profile', 'balance']], [7, ['profile', 'balance']]] as const) {
      fake.answerWith({ ...goodTokens, scope: sent })
      t.strictSame((await tokensFrom(callsOf(client)[grant])).scope, granted, JSON.stringify(sent))
    }
  })

  t.test(`${grant}: an access token is opaque, but it has to fit into a header (V-18)`, async (t) => {
    const { client, fake } = await clientWithFake(t)
    for (const accessToken of ['a', 'x'.repeat(9 * 1024), 'a.b.c', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~']) {
      fake.answerWith({ ...goodTokens, access_token: accessToken })
      t.equal((await tokensFrom(callsOf(client)[grant])).accessToken, accessToken)
    }
    for (const accessToken of ['', ' ', 'a b', 'a\r\nX: y', 'a\n', '\u0000', 'ä', '令牌', null, 7, {}, undefined]) {
      fake.answerWith({ ...goodTokens, access_token: accessToken })
      t.equal((await failureOf(t, callsOf(client)[grant])).name, 'AuthorizationServerBadResponse', JSON.stringify(accessToken))
    }
  })
}

t.test('a sign-in without a refresh token has none; a refresh without one keeps the old, with one takes the new (V-10, V-11, V-12)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const none of [undefined, null, '']) {
    fake.answerWith({ ...goodTokens, refresh_token: none })
    t.equal((await tokensFrom(callsOf(client).authorizationCodeGrant)).refreshToken, null)
    t.equal((await tokensFrom(callsOf(client).refreshTokenGrant)).refreshToken, secrets.refreshToken)
  }
  fake.answerWith({ ...goodTokens, refresh_token: 'rotated' })
  t.equal((await tokensFrom(callsOf(client).refreshTokenGrant)).refreshToken, 'rotated')
})

async function tokensFrom (call: () => Promise<unknown>): Promise<TokenSet> {
  return await call() as TokenSet
}
