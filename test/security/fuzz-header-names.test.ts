import fc from 'fast-check'
import t from 'tap'
import { identityHeaders } from '../../src/access/identity-headers.ts'
import { createRequestHeaders } from '../../src/proxy/request-headers.ts'
import { createOwnCookies } from '../../src/session/cookies.ts'
import type { UserSession } from '../../src/session/user-session.ts'

/** What CGI, WSGI, Rack and PHP make of a header's name, so far as it can be told apart there. */
const variable = (name: string): string => `HTTP_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`

/** What apps, frameworks and proxies behind us take from a header as a word of whoever stands before them. */
const believed = [
  'Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-Forwarded-Prefix', 'X-Forwarded-Uri', 'X-Forwarded-Method', 'X-Forwarded-User', 'X-Forwarded-Email',
  'X-Forwarded-Groups', 'X-Forwarded-Preferred-Username', 'X-Forwarded-Access-Token', 'X-Forwarded-Client-Cert', 'X-Auth-Request-User', 'X-Auth-Request-Email', 'X-Auth-Request-Groups',
  'X-Real-IP', 'Client-IP', 'X-Client-IP', 'X-Cluster-Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'Fastly-Client-IP', 'Proxy-Client-IP', 'WL-Proxy-Client-IP', 'X-Original-Forwarded-For',
  'X-Original-URI', 'X-Original-URL', 'X-Original-Host', 'X-Original-Method', 'X-Rewrite-URL', 'Front-End-Https', 'X-Url-Scheme', 'X-Host', 'Remote-User', 'X-Remote-User', 'Remote-Addr', 'Proxy',
  'X-Request-Id', 'traceparent', 'tracestate', 'Proxy-Authorization', 'Transfer-Encoding', 'Upgrade', 'Connection', 'Keep-Alive', 'Trailer', 'Expect'
]

const sign = fc.constantFrom(...'!#$%&\'*+-.^_`|~')
const letter = fc.constantFrom(...'abcxyzABCXYZ019')
const token = fc.string({ unit: fc.oneof(letter, letter, sign), minLength: 1, maxLength: 14 })

/** Another spelling of the same variable. */
const spellingOf = (name: string): fc.Arbitrary<string> => fc.array(fc.tuple(fc.boolean(), sign), { minLength: name.length, maxLength: name.length })
  .map((choices) => Array.from(name, (character, index) => {
    const [isUpper, other] = choices[index] ?? [false, '-']
    return /[^A-Za-z0-9]/.test(character) ? other : isUpper ? character.toUpperCase() : character.toLowerCase()
  }).join(''))

const ownCookies = createOwnCookies('__Host-aihubmix')
const own = { host: 'gw.test', forwarded: ['X-Forwarded-For', '127.0.0.1'], identity: ['X-User-Id', '12345'], hasBody: true, isAuthorizationOurs: false }
const before = 2 + own.forwarded.length + own.identity.length

t.test('T-01 T-15 T-63 S-03 S-04 of whatever names a configuration believes, and all that apps do, no client\'s copy passes in any folding; everything else does, in its order', async (t) => {
  let kept = 0
  const configured = fc.array(token, { minLength: 1, maxLength: 4 })
  fc.assert(fc.property(configured.chain((names) => fc.tuple(fc.constant(names), fc.array(fc.oneof(fc.constantFrom(...names, ...believed).chain(spellingOf), token), { maxLength: 12 }))), ([names, sent]) => {
    const requestHeaders = createRequestHeaders({ identityNames: names, ownCookies })
    const passed = requestHeaders(sent.flatMap((name, index) => [name, `v${index}`]), own).slice(before)
    const guarded = new Set([...believed, ...names].map(variable))
    const expected = sent.flatMap((name, index) => guarded.has(variable(name)) || /^http_(host|cookie|content_length|te)$/i.test(variable(name)) || /^authorization$/i.test(name) ? [] : [name, `v${index}`])
    kept += expected.length
    const rest = passed.filter((_text, index) => !/^(authorization|content-length|cookie)$/i.test(passed[index - index % 2] ?? ''))
    return JSON.stringify(rest) === JSON.stringify(expected)
  }), { numRuns: 20_000 })
  t.ok(kept > 10_000, 'what is nobody\'s was among it')
})

t.test('T-03 T-101 T-46 a second spelling of Cookie, Host or Content-Length is no second value', async (t) => {
  const requestHeaders = createRequestHeaders({ identityNames: ['X-User-Id'], ownCookies })
  fc.assert(fc.property(fc.constantFrom('Cookie', 'Host', 'Content-Length', 'Content_Length').chain(spellingOf), (name) => {
    const passed = requestHeaders([name, '5'], own).slice(before)
    return passed.length === 0 || (name.toLowerCase() !== 'host' && /^(cookie|content-length)$/i.test(name))
  }), { numRuns: 5_000 })
  t.pass()
})

t.test('names that nobody has heard of do not make it forget the others', async (t) => {
  const requestHeaders = createRequestHeaders({ identityNames: ['X-User-Id'], ownCookies })
  for (let turn = 0; turn < 3_000; turn++) requestHeaders([`X-Junk-${turn}`, '1'], own)
  fc.assert(fc.property(spellingOf('X-User-Id'), (name) => requestHeaders([name, 'forged'], own).length === before), { numRuns: 5_000 })
  t.pass()
})

const identity = { id: '12345', username: null, email: null, balance: null, status: null, readAt: 0, userinfo: '' }
const sessionOf = (username: string): UserSession => ({ tokens: { accessToken: '', refreshToken: null, obtainedAt: 0, accessTokenExpiresAt: 0, scope: [] }, identity: { ...identity, username }, createdAt: 0, lastSeenAt: 0 })

t.test('T-08 T-09 whatever a user is called, one header says it, of visible signs, and what is decoded is the name again', async (t) => {
  const headers = identityHeaders({ 'X-User-Name': 'username' })
  const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: fc.constantFrom('\r', '\n', '\0', '%', '%0d', ' ', ':', 'a', '\ud800', '\udc00', '用', '\u2028', '\u007f', '\u0085'), maxLength: 20 })).map((text) => `a${text}a`)
  fc.assert(fc.property(name, (username) => {
    const [field, value = '', ...more] = headers(sessionOf(username), false)
    return field === 'X-User-Name' && more.length === 0 && /^[\x20-\x7e]+$/.test(value) && decodeURIComponent(value) === username.toWellFormed()
  }), { numRuns: 20_000 })
  t.pass()
})
