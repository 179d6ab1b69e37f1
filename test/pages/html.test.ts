import fc from 'fast-check'
import t from 'tap'
import { html, render } from '../../src/pages/html.ts'

const characters: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" }

function asABrowserReads (escaped: string): string {
  return escaped.replace(/&(?:amp|lt|gt|quot|#39);/g, (reference) => characters[reference] ?? '')
}

t.test('text is escaped for elements and for quoted attributes', async (t) => {
  t.equal(render(html`<p title="${'"'}">${'<b>&\'"'}</p>`), '<p title="&quot;">&lt;b&gt;&amp;&#39;&quot;</p>')
})

t.test('no text can leave the place it was put, and every text arrives as it was', async () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', ';', 'amp', '$', '{', '字', 'a') }), (text) => {
    const escaped = render(html`${text}`)
    return !/[<>"']/.test(escaped) && asABrowserReads(escaped) === text
  }))
})

t.test('markup inside markup is kept once, lists are joined, null leaves nothing', async (t) => {
  const items = ['<1>', '2'].map((text) => html`<li>${text}</li>`)
  t.equal(render(html`<ul>${items}${null}${[3, '<', null]}</ul>`), '<ul><li>&lt;1&gt;</li><li>2</li>3&lt;</ul>')
})

t.test('an object that only looks like markup does not pass as markup', async (t) => {
  const forged = JSON.parse('{"markup": "<script>", "raw": ["<script>"]}')
  t.throws(() => render(html`<p>${forged}</p>`))
})
