import { createRequire } from 'node:module'
import { mkdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'puppeteer-core'
import t from 'tap'
import { startBrowser } from './engines.ts'
import { startSite, type Site } from './site.ts'
import { newVisitor, shows } from './visitor.ts'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const screenshots = fileURLToPath(new URL('screenshots/pages/', import.meta.url))
await mkdir(screenshots, { recursive: true })

const browser = await startBrowser(t, 'chromium')
const site = await startSite(t)
const dress = (name: string): string => fileURLToPath(new URL(`../pages/dress/${name}`, import.meta.url))
const dressed = await startSite(t, {
  config: {
    aihubmix: { authorizationsUrl: 'https://aihubmix.com/apps' },
    pages: { appName: 'Acme Studio', accent: '#0b7a5c', accentDark: '#5fd3ae', logoFile: dress('logo.svg'), supportUrl: 'https://help.example/', texts: { en: { signInText: 'Good to see you again.' } } }
  }
})
const templated = await startSite(t, { config: { pages: { logoFile: dress('logo.svg'), templateFile: dress('template.html') } } })

/** How one page is reached: a path, or a sign-in that goes wrong. */
interface Reached { readonly site: Site, readonly path: string, readonly signedInAs?: string, readonly fault?: Parameters<Site['emulator']['faults']['set']>[0], readonly isLate?: boolean }

const pages: Readonly<Record<string, Reached>> = {
  'sign-in': { site, path: '/oauth2/sign_in' },
  'sign-in dressed': { site: dressed, path: '/oauth2/sign_in' },
  'sign-in in a template': { site: templated, path: '/oauth2/sign_in' },
  'sign-out': { site, path: '/oauth2/sign_out', signedInAs: 'user123' },
  'signed-out': { site: dressed, path: '/oauth2/sign_out' },
  popup: { site, path: '/oauth2/popup' },
  'access-denied': { site, path: '/staff', signedInAs: 'user123' },
  'low-balance': { site, path: '/rich', signedInAs: 'user123' },
  'not-found': { site, path: '/oauth2/nothing' },
  'app-away': { site, path: '/gone', signedInAs: 'user123' },
  'strange-address': { site, path: '/a%00b' },
  'not-granted': { site, path: '/private', fault: { kind: 'error', count: 1 } },
  'aihubmix-away': { site, path: '/private', fault: { kind: 'status', endpoint: 'token', args: { code: 503 } } },
  'invalid-state': { site, path: '/oauth2/callback?code=x&state=y' },
  'too-long': { site, path: '/private', isLate: true }
}

const languages = [['en', 'light', 1280], ['zh-TW', 'dark', 1280], ['zh-CN', 'light', 390], ['en', 'dark', 390]] as const

for (const [name, reached] of Object.entries(pages)) {
  t.test(`${name}: in three languages, light, dark and on a phone, without an accessibility problem`, async (t) => {
    const visitor = await newVisitor(t, browser, reached.site)
    const page = await visitor.open('about:blank')
    await page.setViewport({ width: 1280, height: 800 })
    const headings = new Set<unknown>()
    if (reached.signedInAs !== undefined) await signIn(page, reached.site, reached.signedInAs)
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

async function reach (page: Page, { site, path, fault, isLate }: Reached): Promise<void> {
  if (fault === undefined && isLate !== true) {
    await page.goto(site.origin + path)
    return
  }
  await page.deleteCookie(...await page.cookies(site.origin, site.emulator.url))
  await page.goto(site.origin + path)
  if (fault !== undefined) site.emulator.faults.set(fault)
  if (isLate === true) site.emulator.clock.advance('11m')
  await page.waitForSelector('[data-user=user123]').catch(() => {})
  await Promise.all([page.waitForNavigation(), page.click('[data-user=user123]')])
  site.emulator.faults.clear()
}

async function signIn (page: Page, { origin }: Site, username: string): Promise<void> {
  await page.goto(`${origin}/private`)
  await page.waitForSelector(`[data-user=${username}]`)
  await page.click(`[data-user=${username}]`)
  await shows(page, '#name', username)
}

async function violations (page: Page): Promise<unknown> {
  await page.evaluate(axe)
  return await page.evaluate("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))")
}

t.end()
