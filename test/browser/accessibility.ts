import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

interface Evaluates { evaluate (expression: string): Promise<unknown> }

/** What axe-core finds wrong with the page as it is shown, or with these elements of it, open shadow trees with it: one line each, none when it is clean. */
export async function violations (page: Evaluates, within: readonly string[] = ['html']): Promise<unknown> {
  await page.evaluate(`${axe}; undefined`)
  return await page.evaluate(`axe.run({ include: ${JSON.stringify(within.map((selector) => [selector]))} }, { runOnly: ${JSON.stringify(rules)} }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`)
}
