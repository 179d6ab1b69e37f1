import { gzipSync } from 'node:zlib'
import t from 'tap'
import { everyPage, locales } from './every-page.ts'

const mostHtmlBytes = 6_000
const mostStyleBytes = 4_000
const mostGzipBytes = 2_600

/** A page is one answer and asks for nothing else, so this is all that a person on a slow line waits for. */
for (const locale of locales) {
  t.test(`every page in ${locale} is small: its style, itself, and with gzip`, async (t) => {
    for (const [name, page] of Object.entries(everyPage(locale, 'app.example.com'))) {
      const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? ''
      const [html, css, gzipped] = [Buffer.byteLength(page), Buffer.byteLength(style), gzipSync(page).length]
      t.comment(`${name}: ${html} bytes of HTML, ${css} of them CSS; ${gzipped} with gzip`)
      t.ok(html > 1_000 && html <= mostHtmlBytes, `${name}: ${html} bytes`)
      t.ok(css > 1_000 && css <= mostStyleBytes, `${name}: ${css} bytes of CSS`)
      t.ok(gzipped <= mostGzipBytes, `${name}: ${gzipped} bytes with gzip`)
    }
  })
}

t.end()
