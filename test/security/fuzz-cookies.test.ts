import fc from 'fast-check'
import t from 'tap'
import { cookiesBeginning, cookieValues, createOwnCookies, withoutOwnCookies } from '../../src/session/cookies.ts'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { attackOn, cookieLine, isLoginRequired, runs } from './attack.ts'

const rig = await startRig(t)
const attack = attackOn(rig)
const signedIn = await cookieLine(rig)
const ticket = signedIn.slice('Cookie: '.length)

const sign = fc.constantFrom(...'abcXYZ019!#$%&\'*+-.^_`|~=":/?@[]{}()<>,\\', ' ', '\t', '\u00e9')
const text = fc.string({ unit: sign, maxLength: 12 })
const foreign = fc.oneof(fc.tuple(text, text).map(([name, value]) => `${name}=${value}`), text, fc.constantFrom('', '=', '__Host-aihubmix2=x', '__Host-aihubmi=x', '__host-aihubmix=x', 'x=__Host-aihubmix=y', '__Host-aihubmix-other=z'))
const own = fc.constantFrom(ticket, '__Host-aihubmix=forged', '__Host-aihubmix=', '__Host-aihubmix', ' __Host-aihubmix =x', '__Host-aihubmix-login-1=x', '__Host-aihubmix-login-=x', '__Host-aihubmix-signed-out=1')

/** Each a pair and whether it is ours. */
const pairs = fc.array(fc.oneof(foreign.map((pair) => [pair, false] as const), own.map((pair) => [pair, true] as const)), { maxLength: 12 })

/** White space around a field's value is no part of it (RFC 9110 §5.5). */
const valueOf = (line: string): string => line.replace(/^[ \t]+|[ \t]+$/g, '')

t.test('T-101 T-102 whatever stands in Cookie, ours never reach the app and of the others every byte does', async (t) => {
  await fc.assert(fc.asyncProperty(pairs, fc.constantFrom(';', '; ', ' ; ', ';\t'), async (sent, separator) => {
    const outcome = await attack(get('/public/a', [`Cookie: ${sent.map(([pair]) => pair).join(separator)}`]))
    const seen = rig.upstream.valuesOf('Cookie', outcome.seen[0])
    const hasOurs = sent.some(([, isOwn]) => isOwn)
    const line = valueOf(sent.map(([pair]) => pair).join(separator)).split(';')
    const left = valueOf(line.filter((_pair, index) => sent[index]?.[1] === false).join(';'))
    return outcome.status === 200 && seen.length <= 1 && (!hasOurs || left !== '' || seen.length === 0) && (seen[0] ?? '') === (hasOurs ? left : valueOf(line.join(';')))
  }), { numRuns: runs(1_500) })
  t.pass()
})

const ownCookies = createOwnCookies('__Host-aihubmix')
const ownName = fc.constantFrom('__Host-aihubmix', '__Host-aihubmix-login-', '__Host-aihubmix-login-x', '__Host-aihubmix-signed-out')
const anyHeader = fc.array(fc.oneof(fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 8 }), ownName, fc.constantFrom(';', '; ', '=', ' ', '\t', '"', ',', '\u00a0')), { maxLength: 20 }).map((parts) => parts.join(''))

t.test('T-102 of no Cookie header is anything left that the gateway would read as its own, and nothing is cut that it would not', async (t) => {
  let cut = 0
  fc.assert(fc.property(anyHeader, (header) => {
    const left = withoutOwnCookies(header, ownCookies) ?? ''
    if (left !== header) cut++
    const isRead = [ownCookies.session, ownCookies.signedOut].some((name) => cookieValues(left, name).length > 0) || cookiesBeginning(left, ownCookies.loginPrefix).size > 0
    const gone = header.split(';').filter((pair) => !left.split(';').some((kept) => kept.trim() === pair.trim()))
    return !isRead && gone.every((pair) => pair.trim().startsWith('__Host-aihubmix') || pair.trim() === '') && (withoutOwnCookies(left, ownCookies) ?? '') === left
  }), { numRuns: 20_000 })
  t.ok(cut > 1_000, `${cut} were cut`)
})

t.test('T-91 T-101 no byte of a ticket may change', async (t) => {
  const value = ticket.slice(ticket.indexOf('=') + 1)
  const changed = fc.tuple(fc.nat(value.length - 1), fc.constantFrom('replace', 'cut', 'insert', 'drop'), fc.constantFrom(...'ABCxyz0189+/=._-%"')).map(([at, how, letter]) => {
    if (how === 'cut') return value.slice(0, at)
    return value.slice(0, at) + (how === 'drop' ? '' : letter) + value.slice(how === 'insert' ? at : at + 1)
  })
  await fc.assert(fc.asyncProperty(changed, async (forged) => {
    const outcome = await attack(get('/a', [`Cookie: __Host-aihubmix=${forged}`]))
    return isLoginRequired(rig, outcome) || isSameBytes(forged, value)
  }), { numRuns: runs(1_000) })
  t.pass()
})

/** Base64 has more than one spelling of the same bytes: the last letter's spare bits, the padding. */
function isSameBytes (one: string, other: string): boolean {
  return one.split('.').map(bytesOf).join('.') === other.split('.').map(bytesOf).join('.')
}

function bytesOf (text: string): string {
  return Buffer.from(text, 'base64').toString('hex')
}

t.end() // the app and the gateway go with it
