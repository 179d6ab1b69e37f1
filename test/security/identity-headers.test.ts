import t, { type Test } from 'tap'
import { startRig } from '../rig/rig.ts'
import { get } from '../rig/raw.ts'
import { transport } from '../rig/transport.ts'
import { attackOn, cookieLine, isLoginRequired, message, type Outcome } from './attack.ts'

const rig = await startRig(t)
const attack = attackOn(rig)
const signedIn = await cookieLine(rig)
const trueValues = { 'X-User-Id': ['12345'], 'X-User-Email': ['user@example.com'], 'X-User-Balance': ['750.00'] }

/** What the app saw under these names, in every spelling an app may fold to one. */
function identitySeen ({ seen }: Outcome): Record<string, readonly string[]> {
  return Object.fromEntries(Object.keys(trueValues).map((name) => [name, rig.upstream.valuesOf(name, seen[0])]))
}

function sawTheTruth (t: Test, outcome: Outcome): void {
  t.equal(outcome.status, 200)
  t.strictSame(identitySeen(outcome), trueValues)
}

function sawNobody (t: Test, outcome: Outcome): void {
  t.equal(outcome.status, 200)
  t.strictSame(identitySeen(outcome), { 'X-User-Id': [], 'X-User-Email': [], 'X-User-Balance': [] })
}

t.test('T-01 a stranger on a public path is nobody, whatever headers he sends', async (t) => {
  sawNobody(t, await attack(get('/public/a', ['X-User-Id: 1', 'X-User-Email: a@b', 'X-User-Balance: 9'])))
})

t.test('T-01 a stranger on a public path is nobody in any spelling of the names', async (t) => {
  sawNobody(t, await attack(get('/public/a', ['X_User_Id: 1', 'x.user.email: a@b', 'X-USER_BALANCE: 9', "X'User!Id: 2"])))
})

t.test('T-02 an underscore where a hyphen belongs adds no second id', async (t) => {
  sawTheTruth(t, await attack(get('/a', [signedIn, 'X_User_Id: 1'])))
})

t.test('T-03 S-03 mixed spellings of each name add no second value', async (t) => {
  sawTheTruth(t, await attack(get('/a', [signedIn, 'X-User_Id: 1', 'x_user-email: e', 'X_USER_BALANCE: 9', 'X_User-Id: spoof2'])))
})

t.test('T-03 nor does any other sign that CGI folds', async (t) => {
  sawTheTruth(t, await attack(get('/a', [signedIn, 'X.User.Id: 1', 'X~User~Email: e', 'X|User|Balance: 9', 'X+User^Id: 2'])))
})

t.test('T-04 three copies by the client leave one value, ours', async (t) => {
  sawTheTruth(t, await attack(get('/a', [signedIn, 'X-USER-ID: 1', 'x-user-id: 2', 'X-User-Id: 3'])))
})

t.test('T-05 a preflight of a stranger brings no identity to the app', async (t) => {
  const preflight = ['Origin: https://evil.test', 'Access-Control-Request-Method: PUT', 'X-User-Id: 1']
  t.ok(isLoginRequired(rig, await attack(message('OPTIONS', '/a', preflight))))
  sawNobody(t, await attack(message('OPTIONS', '/public/a', preflight)))
})

for (const username of ['noemail', 'nullmail']) {
  t.test(`T-06 an e-mail AIHubMix does not know is absent, not the client's (${username})`, async (t) => {
    const outcome = await attack(get('/a', [await cookieLine(rig, username), 'X-User-Email: admin@x', 'X_User_Email: admin@x']))
    t.equal(outcome.status, 200)
    t.equal(identitySeen(outcome)['X-User-Id']?.length, 1)
    t.strictSame(identitySeen(outcome)['X-User-Email'], [])
  })
}

t.test('T-06 a balance that was not granted is absent, not the client\'s', async (t) => {
  const outcome = await attack(get('/a', [await cookieLine(rig, 'scoped'), 'X-User-Balance: 1000000']))
  t.equal(outcome.status, 200)
  t.strictSame(identitySeen(outcome)['X-User-Balance'], [])
})

for (const connection of ['X-User-Id, X-User-Email', 'close, x-user-balance', 'x-user-id,X-USER-EMAIL , x-user-balance, host, x-forwarded-for, cookie']) {
  t.test(`T-07 "Connection: ${connection}" takes none of our headers away`, async (t) => {
    const bytes = `GET /a HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\nConnection: close\r\nConnection: ${connection}\r\n\r\n`
    const outcome = await attack(bytes)
    sawTheTruth(t, outcome)
    t.strictSame(rig.upstream.valuesOf('X-Forwarded-For', outcome.seen[0]), ['127.0.0.1'])
    t.strictSame(rig.upstream.valuesOf('Host', outcome.seen[0]), ['gw.test'])
  })
}

/** HTTP/2 has neither a Connection field nor chunks. */
const inHttp1 = transport.isHttp2 ? () => {} : t.test

inHttp1('T-07 what the client names in Connection is for this hop only', async (t) => {
  const { seen } = await attack(`GET /a HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-Kept: 2\r\nKeep-Alive: 5\r\n\r\n`)
  t.strictSame(['X-Hop', 'X-Kept', 'Keep-Alive'].map((name) => rig.upstream.valuesOf(name, seen[0]).length), [0, 1, 0])
})

for (const [what, end] of Object.entries({ 'a line break': '\r\nX-Admin: 1', 'a lone CR': '\rX-Admin: 1', 'a lone LF': '\nX-Admin: 1', NUL: '\0X-Admin' })) {
  t.test(`T-08 ${what} in a name or e-mail adds no header`, async (t) => {
    const rig = await startRig(t, { config: { headers: { set: { 'X-User-Id': 'id', 'X-User-Name': 'username', 'X-User-Email': 'email' } } } })
    rig.emulator.users.set('mallory', { username: `mallory${end}`, email: `m@x.test${end}` })
    const outcome = await attackOn(rig)(get('/a', [await cookieLine(rig, 'mallory')]))
    t.equal(outcome.status, 200)
    t.strictSame(rig.upstream.valuesOf('X-Admin', outcome.seen[0]), [])
    const encoded = encodeURIComponent(end.replace('X-Admin: 1', '').replace('X-Admin', ''))
    t.match(rig.upstream.valuesOf('X-User-Name', outcome.seen[0]), [`mallory${encoded}X-Admin`])
    t.notMatch(rig.upstream.valuesOf('X-User-Email', outcome.seen[0]).join(), /[\r\n\0]/)
  })
}

t.test('T-09 what is not ASCII arrives percent-encoded, and so does the percent sign', async (t) => {
  const rig = await startRig(t, { config: { headers: { set: { 'X-User-Name': 'username', 'X-User-Email': 'email' } } } })
  rig.emulator.users.set('wide', { username: '用户 100%é', email: '用户@例子.cn' })
  const { status, seen } = await attackOn(rig)(get('/a', [await cookieLine(rig, 'wide')]))
  t.equal(status, 200)
  t.strictSame(rig.upstream.valuesOf('X-User-Name', seen[0]), ['%E7%94%A8%E6%88%B7 100%25%C3%A9'])
  t.strictSame(rig.upstream.valuesOf('X-User-Email', seen[0]).map(decodeURIComponent), ['用户@例子.cn'])
})

t.test('T-09 half a surrogate pair is no reason to fail', async (t) => {
  const rig = await startRig(t, { config: { headers: { set: { 'X-User-Name': 'username' } } } })
  rig.emulator.users.set('half', { username: 'a\ud800b' })
  const { status, seen } = await attackOn(rig)(get('/a', [await cookieLine(rig, 'half')]))
  t.equal(status, 200)
  t.strictSame(rig.upstream.valuesOf('X-User-Name', seen[0]), ['a%EF%BF%BDb'])
})

for (const [id, text] of [['12345', '12345'], [12345678901234567890n, '12345678901234567890'], [9007199254740993n, '9007199254740993'], ['u_7f3c9a1e', 'u_7f3c9a1e']] as const) {
  t.test(`T-10 the id ${typeof id} ${id} arrives digit for digit`, async (t) => {
    const name = `id-${typeof id}-${id}`
    rig.emulator.users.set(name, { id })
    const outcome = await attack(get('/a', [await cookieLine(rig, name)]))
    t.strictSame(identitySeen(outcome)['X-User-Id'], [text])
  })
}

// 0 is what a missing number becomes in Go: every user would be the same person (provider.md V-21).
for (const [what, id] of [['0', 0], ['"0"', '0'], ['null', null], ['""', ''], ['missing', undefined], ['1.5', 1.5], ['an object', { a: 1 }], ['a list', [12345]], ['true', true]] as const) {
  t.test(`T-10 the id ${what} signs nobody in, and the page names an error id`, async (t) => {
    const rig = await startRig(t)
    if (typeof id === 'object' || typeof id === 'boolean') rig.emulator.faults.set({ kind: 'extra_fields', args: { fields: { id } } })
    else rig.emulator.users.set('user123', { id })
    const browser = rig.newBrowser()
    const answer = await browser.signIn()
    t.equal(answer.status, 502)
    t.match(answer.text, /[0-9a-f]{32}/)
    t.notOk(browser.cookies.has('__Host-aihubmix'))
    t.strictSame(rig.upstream.seen, [])
  })
}

inHttp1('T-11 an id in a trailer is no header', async (t) => {
  const body = '3\r\nabc\r\n0\r\nX-User-Id: 1\r\nX-User-Email: e\r\n\r\n'
  const outcome = await attack(message('POST', '/a', [signedIn, 'Transfer-Encoding: chunked', 'Trailer: X-User-Id'], body))
  sawTheTruth(t, outcome)
  t.equal(outcome.seen[0]?.body.toString(), 'abc')
  t.strictSame(rig.upstream.valuesOf('Trailer', outcome.seen[0]), [])
})

t.test('T-12 Authorization is the client\'s own affair with the app; Proxy-Authorization was for us', async (t) => {
  const outcome = await attack(get('/a', [signedIn, 'Authorization: Bearer x', 'Proxy-Authorization: y', 'Proxy_Authorization: z']))
  sawTheTruth(t, outcome)
  t.strictSame(rig.upstream.valuesOf('Authorization', outcome.seen[0]), ['Bearer x'])
  t.strictSame(rig.upstream.valuesOf('Proxy-Authorization', outcome.seen[0]), [])
})

t.test('T-13 a bearer token opens nothing while bearer mode is off', async (t) => {
  const userinfoReads = rig.emulator.count('userinfo')
  for (const token of ['anything', signedIn.slice('Cookie: __Host-aihubmix='.length)]) {
    t.ok(isLoginRequired(rig, await attack(get('/a', [`Authorization: Bearer ${token}`]))))
  }
  t.equal(rig.emulator.count('userinfo'), userinfoReads, 'and AIHubMix is not asked')
})

t.test('T-14 a token in the query opens nothing', async (t) => {
  const ticket = encodeURIComponent(signedIn.slice('Cookie: __Host-aihubmix='.length))
  for (const query of ['access_token=x', 'token=x', `__Host-aihubmix=${ticket}`, `access_token=${ticket}`]) {
    t.ok(isLoginRequired(rig, await attack(get(`/a?${query}`))), query)
  }
})

for (const path of ['/a', '/public/a']) {
  t.test(`T-15 a forged X-User-Assertion never arrives at ${path}`, async (t) => {
    const { status, seen } = await attack(get(path, [signedIn, 'X-User-Assertion: forged', 'x_user_assertion: forged', 'X.USER.ASSERTION: forged']))
    t.equal(status, 200)
    t.strictSame(rig.upstream.valuesOf('X-User-Assertion', seen[0]), [])
  })
}

t.test('T-15 configured names are as protected as the default ones', async (t) => {
  const rig = await startRig(t, { config: { headers: { set: { 'X-Account_Nr': 'id' } } } })
  const { seen } = await attackOn(rig)(get('/a', [await cookieLine(rig), 'X-Account-Nr: 1', 'x_account_nr: 2']))
  t.strictSame(rig.upstream.valuesOf('X-Account-Nr', seen[0]), ['12345'])
})

t.end() // the app and the gateway go with it
