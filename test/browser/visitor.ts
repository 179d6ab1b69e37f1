import type { Browser, BrowserContext, Page, Target } from 'puppeteer-core'
import type { Site } from './site.ts'

/** A person with a browser of their own: cookies and tabs are nobody else's. */
export interface Visitor {
  readonly context: BrowserContext
  readonly pages: readonly Page[]
  /** Everything any page of theirs wrote to its console, or threw. */
  readonly console: readonly string[]
  open (path: string): Promise<Page>
  /** The next window or tab that opens while this is done. */
  opening (action: () => Promise<unknown>): Promise<Page>
}

interface Teardown { after (undo: () => unknown): void }

export async function newVisitor (t: Teardown, browser: Browser, { origin }: Pick<Site, 'origin'>): Promise<Visitor> {
  const context = await browser.createBrowserContext()
  t.after(() => context.close())
  const console: string[] = []
  const pages: Page[] = []
  const listen = (page: Page): Page => {
    pages.push(page)
    page.on('console', (message) => { console.push(message.text()) })
    page.on('pageerror', (error) => { console.push(String(error)) })
    return page
  }
  return {
    context,
    pages,
    console,
    async open (path) {
      const page = listen(await context.newPage())
      await page.goto(new URL(path, origin).href)
      return page
    },
    async opening (action) {
      const { promise, resolve } = Promise.withResolvers<Target>()
      context.once('targetcreated', resolve)
      await action()
      const page = await (await promise).page()
      if (page === null) throw new Error('what opened is no page')
      return listen(page)
    }
  }
}

/** Resolves once the element shows this text. */
export async function shows (page: Page, selector: string, text: string): Promise<void> {
  await becomes(page, `document.querySelector(${JSON.stringify(selector)})?.textContent?.includes(${JSON.stringify(text)})`)
}

/** Resolves once the expression is true in the page. */
export async function becomes (page: Page, expression: string): Promise<void> {
  await page.waitForFunction(expression, { timeout: 15_000, polling: 50 })
}

/** Resolves once the element is there to be seen; the page itself may be behind another. */
export async function visible (page: Page, selector: string): Promise<void> {
  await becomes(page, `document.querySelector(${JSON.stringify(selector)})?.checkVisibility()`)
}

/** As a person does it: the window comes to the front first. */
export async function click (page: Page, selector: string): Promise<void> {
  await page.bringToFront()
  await page.waitForSelector(selector)
  await page.click(selector)
}
