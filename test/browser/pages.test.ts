import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { violations } from './accessibility.ts'
import { startBrowser } from './engines.ts'
import { reach, signInTo, startPages } from './our-pages.ts'
import { newVisitor } from './visitor.ts'

const screenshots = fileURLToPath(new URL('screenshots/pages/', import.meta.url))
await mkdir(screenshots, { recursive: true })

const browser = await startBrowser(t, 'chromium')
const pages = await startPages(t)
const languages = [['en', 'light', 1280], ['zh-TW', 'dark', 1280], ['zh-CN', 'light', 390], ['en', 'dark', 390]] as const

for (const [name, reached] of Object.entries(pages)) {
  t.test(`${name}: in three languages, light, dark and on a phone, without an accessibility problem`, async (t) => {
    const visitor = await newVisitor(t, browser, reached.site)
    const page = await visitor.open('about:blank')
    await page.setViewport({ width: 1280, height: 800 })
    const headings = new Set<unknown>()
    if (reached.signedInAs !== undefined) await signInTo(page, reached.site, reached.signedInAs)
    for (const [language, theme, width] of languages) {
      await page.setViewport({ width, height: 800, deviceScaleFactor: 1 })
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }])
      await page.setExtraHTTPHeaders({ 'accept-language': language })
      await reach(page, reached)
      headings.add(await page.$eval('h1', (h1) => h1.textContent))
      t.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, `${language} ${width}: nothing sticks out`)
      await page.screenshot({ path: `${screenshots}${name.replaceAll(' ', '-')}.${language}.${theme}.${width}.png`, fullPage: true })
      t.same(await violations(page), [], `${language} ${theme} ${width}: axe finds nothing`)
    }
    t.ok(headings.size >= 3, [...headings].join(' | '))
    t.same(visitor.console.filter((line) => /security policy|uncaught/i.test(line)), [])
  })
}

t.end()
