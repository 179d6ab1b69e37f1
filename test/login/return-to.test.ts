import fc from 'fast-check'
import t from 'tap'
import { returnTo } from '../../src/login/return-to.ts'
import { foreignForms, localForms } from './redirect-forms.ts'

const publicUrl = 'https://gw.test'
const alone = { publicUrl, sharesSession: () => false }
const shared = { publicUrl, sharesSession: (host: string) => host === 'ok.test' || host.endsWith('.ok.test') }

t.test(`${foreignForms.length} odd forms all end on our origin, off our own endpoints (T-65, T-66, T-67, T-70, T-71)`, async (t) => {
  t.ok(foreignForms.length > 400)
  t.strictSame(foreignForms.filter((form) => !isSafe(returnTo(form, alone))), [])
  const takenAsTheyAre = foreignForms.filter((form) => returnTo(form, alone) !== '/')
  t.ok(takenAsTheyAre.length < 80, `nearly all become / (${takenAsTheyAre.length} do not)`)
})

t.test('a local path is returned to byte for byte (T-73)', async (t) => {
  for (const form of localForms) t.equal(returnTo(form, alone), form)
})

t.test('without a wish the way leads to /', async (t) => {
  t.equal(returnTo(null, alone), '/')
  t.equal(returnTo('', alone), '/')
})

t.test('of hosts that share the session only the exact ones are returned to (T-68, T-93)', async (t) => {
  for (const form of ['https://OK.test', 'https://ok.test:443/', 'https://a.ok.test/x?y', 'https://ok.test']) t.equal(returnTo(form, shared), form)
  for (const form of ['https://evilok.test', 'https://ok.test.evil', 'https://ok.test@evil', 'https://evil\\@ok.test', 'https://ok.test:8443', 'ftp://ok.test', 'http://ok.test', 'https://u@ok.test', 'https:ok.test', '//ok.test', 'https://ok.test/oauth2/sign_out', 'https://ok.test/%2e%2e/oauth2', 'https://ok.test%2f@evil', 'https://ok.test#@evil\\']) {
    t.equal(returnTo(form, shared), '/', form)
  }
})

const fragment = fc.oneof(
  fc.constantFrom('/', '\\', '//', '%2f', '%5c', '%2F', '%5C', '%09', '%0a', '%0d', '%00', '\t', '\n', '\r', ' ', '.', '..', '@', ':', '#', '?', ';', '%', '%2e', 'evil.test', 'gw.test', 'https', 'http', 'javascript', 'oauth2', 'sign_out', '。', '[', ']'),
  fc.string({ maxLength: 3 })
)

t.test('whatever is asked for, the browser stays on our origin and off our own endpoints', async () => {
  const isSafeFor = (asked: string): boolean => {
    const place = returnTo(asked, alone)
    return isSafe(place) && [asked, '/'].includes(place)
  }
  fc.assert(fc.property(fc.array(fragment, { maxLength: 8 }), (parts) => isSafeFor(parts.join('')) && isSafeFor(`/${parts.join('')}`) && isSafeFor(`https://${parts.join('')}`)), { numRuns: 3_000 })
  fc.assert(fc.property(fc.webUrl({ withQueryParameters: true }), (address) => returnTo(address, alone) === '/'), { numRuns: 300 })
})

/** Ours by the WHATWG reading, and by a careless one that takes a back-slash for a slash and drops white space. */
function isSafe (place: string): boolean {
  const url = new URL(place, publicUrl)
  const careless = new URL(place.replaceAll('\\', '/').replace(/[\t\r\n]/g, ''), publicUrl)
  return url.origin === publicUrl && careless.origin === publicUrl && /^[\x21-\x7e]+$/.test(place) &&
    !url.pathname.startsWith('//') && !/^\/+oauth2(\/|;|$)/i.test(decodedFully(url.pathname))
}

function decodedFully (text: string): string {
  try {
    const once = decodeURIComponent(text)
    return once === text ? text : decodedFully(once)
  } catch {
    return text
  }
}
