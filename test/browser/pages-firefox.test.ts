import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startBrowser } from './engines.ts'
import { reach, signInTo, startPages } from './our-pages.ts'
import { newVisitor } from './visitor.ts'

const screenshots = fileURLToPath(new URL('screenshots/pages-firefox/', import.meta.url))
await mkdir(screenshots, { recursive: true })

const pages = await startPages(t)
const languages = { light: [['en', 1280], ['zh-CN', 390]], dark: [['zh-TW', 390]] } as const
const headings = new Map(Object.keys(pages).map((name) => [name, new Set<unknown>()]))

for (const theme of ['light', 'dark'] as const) {
  // Firefox takes its theme at its start only.
  const browser = await startBrowser(t, 'firefox', { firefoxPreferences: { 'ui.systemUsesDarkTheme': theme === 'dark' ? 1 : 0 } })
  for (const [name, reached] of Object.entries(pages)) {
    t.test(`${name}: in Firefox, ${theme}, nothing sticks out and nothing offends the policy`, async (t) => {
      const visitor = await newVisitor(t, browser, reached.site)
      const page = await visitor.open('about:blank')
      if (reached.signedInAs !== undefined) await signInTo(page, reached.site, reached.signedInAs)
      for (const [language, width] of languages[theme]) {
        await page.setViewport({ width, height: 800, deviceScaleFactor: 1 })
        await page.setExtraHTTPHeaders({ 'accept-language': language })
        await reach(page, reached)
        headings.get(name)?.add(await page.$eval('h1', (h1) => h1.textContent))
        const seen = await page.evaluate("[innerWidth, document.documentElement.scrollWidth <= innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]")
        t.same(seen, [width, true, theme === 'dark'], `${language} ${width}`)
        await page.screenshot({ path: `${screenshots}${name.replaceAll(' ', '-')}.${language}.${theme}.${width}.png`, fullPage: true })
      }
      t.same(visitor.console.filter((line) => /content.security.policy|uncaught/i.test(line) && !line.includes(reached.site.emulator.url)), [])
    })
  }
}

t.test('each page has a heading of its own in each language', async (t) => {
  for (const [name, found] of headings) t.ok(found.size >= 3, `${name}: ${[...found].join(' | ')}`)
})

t.end()
