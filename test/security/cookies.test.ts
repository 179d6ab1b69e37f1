import t from 'tap'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { attackOn, cookieLine, isLoginRequired, type Outcome } from './attack.ts'

const rig = await startRig(t)
const attack = attackOn(rig)
const signedIn = await cookieLine(rig)
const ticket = signedIn.slice('Cookie: '.length)

const cookiesSeen = ({ seen }: Outcome): readonly string[] => rig.upstream.valuesOf('Cookie', seen[0])

t.test('T-102 the app sees none of our cookies, and no Cookie header when nothing is left', async (t) => {
  t.strictSame(cookiesSeen(await attack(get('/a', [signedIn]))), [])
  t.strictSame(cookiesSeen(await attack(get('/a', [`${signedIn}; `, 'Cookie: __Host-aihubmix-login-abc=x', 'Cookie: __Host-aihubmix-signed-out=1']))), [])
})

t.test('T-102 S-05 what is the app\'s stays as sent, wherever ours stands', async (t) => {
  for (const [sent, seen] of [
    [`a=1; ${ticket}`, 'a=1'],
    [`${ticket}; a=1`, 'a=1'],
    [`a=1; ${ticket}; b="2; 3"`, 'a=1; b="2; 3"'],
    [`a=1;${ticket};b=2`, 'a=1;b=2'],
    [`a=1;  ${ticket} ; b=2`, 'a=1; b=2'],
    [`x__Host-aihubmix=1; ${ticket}; __Host-aihubmix2=3; __host-aihubmix=4`, 'x__Host-aihubmix=1; __Host-aihubmix2=3; __host-aihubmix=4'],
    [`a=__Host-aihubmix=1; ${ticket}`, 'a=__Host-aihubmix=1'],
    [`${ticket}; __Host-aihubmix=second; a=1; __Host-aihubmix-login-1=x`, 'a=1'],
    [`a=1; __Host-aihubmix ; ${ticket}`, 'a=1'],
    [`a=1; =__Host-aihubmix; ${ticket}`, 'a=1; =__Host-aihubmix'],
    [`a=1, b=2; ${ticket}`, 'a=1, b=2']
  ] as const) {
    const outcome = await attack(get('/a', [`Cookie: ${sent}`]))
    t.equal(outcome.status, 200, sent)
    t.strictSame(cookiesSeen(outcome), [seen])
  }
})

t.test('T-102 on public paths our cookies are cut just the same, valid or not', async (t) => {
  for (const cookie of [ticket, '__Host-aihubmix=forged', '__Host-aihubmix=', '__Host-aihubmix-login-x=y']) {
    t.strictSame(cookiesSeen(await attack(get('/public/a', [`Cookie: ${cookie}; a=1`]))), ['a=1'], cookie)
  }
})

t.test('T-101 cookies without any of ours arrive byte for byte', async (t) => {
  for (const cookie of [';;;=;a=;b;=c', 'a="q\\"; b"', 'a=1; a=2', 'a=\u00e9\u00ff', '$Version=1; a=b; $Path=/', 'a=%zz', 'a=1;', ';', '=', 'a b=c d', '__proto__=x; constructor=y']) {
    const outcome = await attack(get('/public/a', [`Cookie: ${cookie}`]))
    t.equal(outcome.status, 200, cookie)
    t.strictSame(cookiesSeen(outcome), [cookie])
  }
})

t.test('T-101 a session is found among rubbish, in any of two headers', async (t) => {
  for (const lines of [[`Cookie: ;;;=;a;=b; ${ticket}`], ['Cookie: ;;;=;a;=b; __Host-gw', signedIn], [signedIn, 'Cookie: a=1'], [`Cookie: ${ticket};;;`], [`cookie: ${Array.from({ length: 500 }, (_value, index) => `c${index}=${index}`).join('; ')}; ${ticket}`]]) {
    const outcome = await attack(get('/a', lines))
    t.equal(outcome.status, 200)
    t.strictSame(rig.upstream.valuesOf('X-User-Id', outcome.seen[0]), ['12345'])
    t.notMatch(cookiesSeen(outcome).join('\n'), /__Host-aihubmix/)
  }
})

t.test('T-101 500 cookies of the app arrive unchanged', async (t) => {
  const many = Array.from({ length: 500 }, (_value, index) => `c${index}=${index}`).join('; ')
  t.strictSame(cookiesSeen(await attack(get('/a', [`Cookie: ${many}; ${ticket}`]))), [many])
  t.strictSame(cookiesSeen(await attack(get('/a', [`Cookie: ${many}`, signedIn]))), [many])
})

t.test('T-101 a Cookie header in any case is cut', async (t) => {
  for (const name of ['cookie', 'COOKIE', 'cOOkie']) t.strictSame(cookiesSeen(await attack(get('/a', [`${name}: ${ticket}; c=3`]))), ['c=3'], name)
})

const [, value = ''] = /=(.*)$/.exec(ticket) ?? []
const [nonce = '', box = ''] = value.split('.')
for (const [what, forged] of Object.entries({
  empty: '',
  'one letter': 'a',
  dot: '.',
  'cut in half': value.slice(0, value.length / 2),
  'one bit flipped': `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`,
  'halves swapped': `${box}.${nonce}`,
  escaped: encodeURIComponent(value),
  quoted: `"${value}"`,
  JSON: '{"id":"1"}',
  '%00': `${value}%00`,
  longer: `${value}AAAA`,
  '8 KB': 'A'.repeat(8_192),
  'not base64': '\u00e9\u00ff.***',
  'the old separator': value.replace('.', ';')
})) {
  t.test(`T-91 a forged ticket (${what}) is no session, and the cookie is cleared`, async (t) => {
    const outcome = await attack(get('/a', [`Cookie: __Host-aihubmix=${forged}`]))
    t.ok(isLoginRequired(rig, outcome))
    t.match(outcome.text, /\r\nset-cookie: __Host-aihubmix=; [^\r]*Max-Age=0/i)
  })
}

t.test('T-91 the cookie of a sign-in attempt is no ticket', async (t) => {
  const { text } = await attack(get('/oauth2/start'))
  const [, attempt = ''] = /__Host-aihubmix-login-[^=]+=([^;]+)/.exec(text) ?? []
  t.ok(attempt)
  t.ok(isLoginRequired(rig, await attack(get('/a', [`Cookie: __Host-aihubmix=${attempt}`]))))
})

t.end() // the app and the gateway go with it
