import { createHash } from 'node:crypto'
import t from 'tap'
import { pageHeaders } from '../../src/pages/page-headers.ts'
import { everyPage, locales } from './every-page.ts'

const pages = locales.flatMap((locale) => Object.entries(everyPage(locale, '/here')).map(([name, page]) => [`${name} ${locale}`, page] as const))
const policy = pageHeaders['content-security-policy'] ?? ''

for (const [name, page] of pages) {
  t.test(`${name}: the policy allows its one style, and the page needs nothing else`, async (t) => {
    const [style, ...others] = [...page.matchAll(/<style>([^]*?)<\/style>/g)].map(([, css = '']) => css)
    t.same(others, [])
    t.ok(policy.includes(`style-src 'sha256-${createHash('sha256').update(style ?? '').digest('base64')}';`))
    t.notMatch(page, /<script|javascript:|\son[a-z]+=|\sstyle=|<iframe|<object|<base|<img|http-equiv/i, 'nothing that runs')
    t.notMatch(page, /https?:|url\(|@import|"\/\//i, 'nothing from elsewhere')
  })
}

t.test('the policy allows no script, no frame and no foreign form', async (t) => {
  t.match(policy, /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/)
})

t.test('no page is stored, sniffed or framed, and the sign-out form sends its origin', async (t) => {
  t.match(pageHeaders, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin-allow-popups',
    vary: 'accept-language, cookie'
  })
})
