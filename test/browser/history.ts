import type { Page } from 'puppeteer-core'
import type { Engine } from './engines.ts'

/**
 * The addresses behind the back button of this tab. Chromium tells all of them; Firefox only those a page can see of its own origin,
 * since walking back would ask AIHubMix anew.
 */
export async function historyOf (page: Page, engine: Engine): Promise<readonly string[]> {
  if (engine === 'firefox') return JSON.parse(String(await page.evaluate('JSON.stringify(navigation.entries().map(({ url }) => url))')))
  const session = await page.createCDPSession()
  const { entries } = await session.send('Page.getNavigationHistory')
  return entries.map(({ url }) => url)
}
