import { createHash } from 'node:crypto'
import t from 'tap'
import { pageHeaders } from '../../src/pages/page-headers.ts'
import { renderPage, type Page } from '../../src/pages/layout.ts'
import { everyUndressedPage, locales } from './every-page.ts'

const pages = locales.flatMap((locale) => Object.entries(everyUndressedPage(locale, '/here')).map(([name, page]) => [`${name} ${locale}`, page] as const))
const policyOf = (page: Page): string => pageHeaders(page)['content-security-policy'] ?? ''
const hash = (text = ''): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

for (const [name, undressed] of pages) {
  const page = renderPage(undressed)
  const policy = policyOf(undressed)

  t.test(`${name}: the policy allows its one style, and the page needs nothing else`, async (t) => {
    const [style, ...others] = [...page.matchAll(/<style>([^]*?)<\/style>/g)].map(([, css = '']) => css)
    t.same(others, [])
    t.ok(policy.includes(`style-src ${hash(style)};`))
    t.notMatch(page.replace(/<script type="module">/, ''), /<script|javascript:|\son[a-z]+=|\sstyle=|<iframe|<object|<base|<img|http-equiv/i, 'nothing that runs')
    t.notMatch(page, /https?:|url\(|@import|"\/\//i, 'nothing from elsewhere')
  })
}

t.test('a script is allowed by its hash alone, and only the pages that tell other windows have one', async (t) => {
  const scripted = pages.filter(([, { script }]) => script !== undefined)
  t.same([...new Set(scripted.map(([name]) => name.split(' ')[0]))], ['signed-out', 'popup'])
  for (const [name, undressed] of scripted) {
    const [script, ...others] = [...renderPage(undressed).matchAll(/<script type="module">([^]*?)<\/script>/g)].map(([, text]) => text)
    t.same(others, [])
    t.ok(policyOf(undressed).includes(` script-src ${hash(script)};`), name)
  }
})

t.test('the policy allows no other script, no frame and no foreign form', async (t) => {
  for (const [, { script: _, ...page }] of pages) t.match(policyOf(page), /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/)
})

t.test('no page is stored, sniffed or framed, and the sign-out form sends its origin', async (t) => {
  t.match(pageHeaders(everyUndressedPage('en', '/')['error'] as Page), {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin-allow-popups',
    vary: 'accept-language, cookie'
  })
})
