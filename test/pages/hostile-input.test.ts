import t from 'tap'
import { everyPage, locales } from './every-page.ts'

const hostile = [
  '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onclick='alert(1)", '</title></style><script>', '<!--', ']]>',
  '$' + '{7*7}', '{{7*7}}', '<%= 7*7 %>', '&lt;script&gt;', '$&', '$`'
]

/** The tags of a page with the values of their attributes taken out: what no parameter may change. */
function skeleton (page: string): readonly string[] {
  return page.replace(/"[^"]*"/g, '""').match(/<[^>]*>?/g) ?? []
}

function escaped (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}

for (const text of hostile) {
  t.test(`${text} stays text on every page, in every parameter`, async (t) => {
    for (const locale of locales) {
      const benign = everyPage(locale, 'benign')
      for (const [name, page] of Object.entries(everyPage(locale, text))) {
        t.same(skeleton(page), skeleton(benign[name] ?? ''), `${name} keeps its tags`)
        const places = (benign[name] ?? '').split('benign').length
        t.equal(page.split(escaped(text)).length, places, `${name} shows it escaped wherever it shows it`)
      }
    }
  })
}
