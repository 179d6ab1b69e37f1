import fc from 'fast-check'
import t from 'tap'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'
import { attackOn, cookieLine, runs } from './attack.ts'
import { readAs } from './readings.ts'

const app = await startUpstream()
const rig = await startRig(t, { config: { routes: [{ upstream: app.url }, { path: '/public', upstream: app.url, access: 'anyone' }, { path: '/admin', upstream: app.url, access: 'nobody' }, { path: '/public/admin', access: 'nobody' }] } })
t.after(() => app.close())
const attack = attackOn({ ...rig, upstream: app })
const signedIn = await cookieLine(rig)

/** Pieces that servers read in more ways than one, and a few plain ones. */
const piece = fc.constantFrom('/', '/', '//', '.', '..', '%2e', '%2E%2e', '%2f', '%5c', '\\', ';', ';a=b', '?', '#', '%00', '%', '%25', '%252e', '%23', '%3f', '%3b', '%20', '%09', '%c0%ae', '%ff', '%e3%80%82', '%zz', '@', ':', ':80', '*', '&', 'a', '~', '!',
  'public', '/public/', 'Public', 'p%75blic', 'admin', '/admin', 'ADMIN', '%61dmin', 'adm%69n/', 'oauth2', '/oauth2/', '%6fauth2', 'callback', 'http://evil.test', '\u0001', '\u00e9')
const target = fc.tuple(fc.constantFrom('/', '/public', '/public/', '/admin', '/x/', ''), fc.array(piece, { maxLength: 8 })).map(([start, pieces]) => start + pieces.join(''))

function isUnder (path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

t.test('T-17 to T-30 whatever target a stranger sends, the app gets it byte for byte and reads it as public, or gets nothing', async (t) => {
  let passed = 0
  await fc.assert(fc.asyncProperty(target, async (sent) => {
    const { hits } = await attack(get(sent))
    if (hits.length === 0) return true
    passed++
    return hits.length === 1 && hits[0] === `GET ${sent}` && readAs(sent).every((path) => isUnder(path, '/public') && !isUnder(path, '/public/admin'))
  }), { numRuns: runs(2_000) })
  t.ok(passed > runs(100), `${passed} targets arrived`)
})

t.test('T-25 T-37 whatever target a user sends, no reading of it is closed to everybody or the gateway\'s own', async (t) => {
  let passed = 0
  await fc.assert(fc.asyncProperty(target, async (sent) => {
    const { hits } = await attack(get(sent, [signedIn]))
    if (hits.length === 0) return true
    passed++
    return hits.length === 1 && hits[0] === `GET ${sent}` && readAs(sent).every((path) => !isUnder(path, '/admin') && !isUnder(path, '/public/admin') && !isUnder(path.toLowerCase(), '/oauth2'))
  }), { numRuns: runs(2_000) })
  t.ok(passed > runs(300), `${passed} targets arrived`)
})

t.test('any printable target arrives as sent, or is refused; nothing else', async (t) => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 40 }), async (rest) => {
    const { status, hits } = await attack(get(`/public/${rest}`))
    return status === 200 ? hits.join() === `GET /public/${rest}` : status === 400 && hits.length === 0
  }), { numRuns: runs(1_000) })
  t.pass()
})

t.end() // the app and the gateway go with it
