import t from 'tap'
import { cookiesBeginning, cookieValues, createOwnCookies, withoutOwnCookies } from '../../src/session/cookies.ts'
import { createBrowser } from '../rig/browser.ts'
import { get, sendRaw } from '../rig/raw.ts'
import { startRedis } from '../rig/redis.ts'
import { startRig, type Rig } from '../rig/rig.ts'

const name = '__Host-aihubmix'
const own = createOwnCookies(name)

t.test('every value sent under one name is read, in the order sent', async (t) => {
  t.strictSame(cookieValues('s=1; t=2; s=3;s=4', 's'), ['1', '3', '4'])
  t.strictSame(cookieValues('xs=1; s =2; s', 's'), ['2'], 'a name is a whole name, and a pair has a value')
  t.strictSame(cookieValues(undefined, 's'), [])
  t.strictSame([...cookiesBeginning(`a=1; ${name}-login-x=1; ${name}-login-y; ${name}-login-x=2`, own.loginPrefix)], [[`${name}-login-x`, '1']])
})

t.test('our cookies are cut from what the app receives, every other byte stays (T-102)', async (t) => {
  t.equal(withoutOwnCookies('a=1;  b="x y" ;c', own), 'a=1;  b="x y" ;c')
  t.equal(withoutOwnCookies(`a=1; ${name}=t; b=2`, own), 'a=1; b=2')
  t.equal(withoutOwnCookies(`${name}=t; ${name}-login-x=1; ${name}-signed-out=1`, own), null)
  t.equal(withoutOwnCookies(`${name}2=app; ${name}=t`, own), `${name}2=app`, 'a name that only begins like ours is the app\'s')
})

/** What a protected page answers to a navigation with this Cookie header. */
async function navigate (rig: Rig, cookie: string) {
  const browser = createBrowser(rig.url)
  return await browser.fetch('/a', { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', cookie } })
}

t.test('a session cookie that is none leads to sign-in, is cleared, and never is a 500 (T-91)', async (t) => {
  const rig = await startRig(t)
  const [ada, eve] = [rig.newBrowser(), rig.newBrowser()]
  await ada.signIn()
  await eve.signIn('rich')
  const [good = '', other = ''] = [ada.cookies.get(name), eve.cookies.get(name)]
  const flipped = Buffer.from(good)
  flipped[20] = (flipped[20] ?? 0) ^ 1
  const forms = ['', 'a', 'x'.repeat(8_192), '!!!.???', good.slice(0, 40), good.slice(0, -30), flipped.toString('latin1').replace(/[;, ]/g, 'x'), `${good.split('.')[0]}.${other.split('.')[1]}`, `${other.split('.')[0]}.${good.split('.')[1]}`, '{"id":"12345"}', '%00', `%00${good}`, encodeURIComponent(good), `"${good}"`, good.replace('.', ';'), '.', '..', `.${good}`]
  const seen = rig.upstream.seen.length
  for (const form of forms) {
    const answer = await navigate(rig, `${name}=${form}`)
    t.equal(answer.status, 302, JSON.stringify(form.slice(0, 30)))
    t.ok(answer.location?.startsWith(`${rig.emulator.url}/api/oauth2/authorize?`))
    t.ok(answer.setCookies.some((cookie) => cookie.startsWith(`${name}=;`) && /max-age=0/i.test(cookie)), 'cleared')
  }
  t.equal(rig.upstream.seen.length, seen, 'the app saw none of them')
  t.equal((await navigate(rig, `${name}=${good}`)).status, 200)
})

t.test('a program with a bad cookie gets 401 JSON and the cookie cleared (T-91)', async (t) => {
  const rig = await startRig(t)
  const { status, headers, setCookies } = await createBrowser(rig.url).fetch('/a', { headers: { accept: 'application/json', cookie: `${name}=bad` } })
  t.equal(status, 401)
  t.match(headers['content-type'], 'application/json')
  t.ok(setCookies.some((cookie) => cookie.startsWith(`${name}=;`)))
})

t.test('of two cookies of our name the valid one counts, wherever it stands (T-99)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await ada.signIn()
  const good = `${name}=${ada.cookies.get(name)}`
  for (const cookie of [`${name}=bad; ${good}`, `${good}; ${name}=bad`, `${name}=; ${name}=a; ${good}`]) {
    t.equal((await navigate(rig, cookie)).status, 200, cookie.replace(good, 'good'))
  }
})

t.test('numbered and counted cookies cost nothing and mean nothing (T-100)', async (t) => {
  const rig = await startRig(t)
  const many = Array.from({ length: 1_000 }, (_value, index) => `${name}_${index}=x`).join('; ')
  for (const cookie of [`${name}_chunks=99999999`, `${name}_0=a; ${name}_chunks=2`, many]) t.equal((await navigate(rig, cookie)).status, 302)
})

t.test('of very many cookies of our name only the first few are looked at (T-100)', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url })
  const ada = rig.newBrowser()
  await ada.signIn()
  const before = await redis.calls('get')
  const many = Array.from({ length: 60 }, () => `${name}=${ada.cookies.get(name)?.slice(0, -30)}`).join('; ')
  t.equal((await navigate(rig, many)).status, 302)
  t.ok(await redis.calls('get') - before <= 4, 'Redis is hardly asked')
})

t.test('odd Cookie headers crash nothing, and other cookies reach the app unchanged (T-101)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await ada.signIn()
  const good = `${name}=${ada.cookies.get(name)}`
  for (const cookie of [`;;;=;a;=b; ${name}; ${good}`, `${good}; a="x y"; b=%00`, `${good};c=${'x'.repeat(2_000)}`]) {
    const { status } = await sendRaw(rig.port, get('/a', [`Cookie: ${cookie}`]))
    t.equal(status, 200)
    const passedOn = rig.upstream.valuesOf('cookie').join('|')
    t.notMatch(passedOn, ada.cookies.get(name) ?? '-')
    t.match(passedOn, /[abc]/)
  }
  t.equal((await sendRaw(rig.port, get('/a', [`Cookie: ${good}`]))).status, 200)
  t.strictSame(rig.upstream.valuesOf('cookie'), [], 'no Cookie header when only ours were in it')
})

t.test('two Cookie headers are read as one (T-101)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await ada.signIn()
  const { status } = await sendRaw(rig.port, get('/a', ['Cookie: a=1', `Cookie: ${name}=${ada.cookies.get(name)}`]))
  t.equal(status, 200)
  t.notMatch(rig.upstream.valuesOf('cookie').join('|'), ada.cookies.get(name) ?? '-')
})
