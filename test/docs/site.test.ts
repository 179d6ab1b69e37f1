import { execFile } from 'node:child_process'
import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { configurationPage } from '../../docs/.vitepress/configuration-page.ts'

const run = promisify(execFile)
/** A build takes ten seconds, and longer beside other tests. */
const buildMs = 110_000
const root = fileURLToPath(new URL('../../', import.meta.url))

/** Builds a copy of the site, with everything its pages include beside it; rejects as the build does. */
async function built (t: Test, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const copy = t.testdir({})
  for (const folder of ['docs', 'config', 'helm']) await cp(join(root, folder), join(copy, folder), { recursive: true, filter: (path) => !/\.vitepress\/(cache|dist)/.test(path) })
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  await symlink(join(root, 'src'), join(copy, 'src'))
  await writeFile(join(copy, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of Object.entries(more)) await writeFile(join(copy, 'docs', name), text)
  await run(process.execPath, [join(root, 'node_modules/vitepress/bin/vitepress.js'), 'build', 'docs'], { cwd: copy })
  return join(copy, 'docs/.vitepress/dist')
}

t.test('the site builds without a network, every page of it', { timeout: buildMs }, async (t) => {
  const site = await built(t)
  const pages = (await readdir(site, { recursive: true })).filter((name) => name.endsWith('.html'))
  for (const page of ['index', 'start', 'concepts', 'configuration', 'deployment', 'forward-auth', 'security', 'operations', 'sdk', 'emulator', 'architecture', 'migrate-from-oauth2-proxy', 'migrate-from-the-guide', 'zh-hant/index', 'zh-hant/start', 'zh-hans/index', 'zh-hans/start']) t.ok(pages.includes(`${page}.html`), page)
  t.match(await readFile(join(site, 'deployment.html'), 'utf8'), 'stop_grace_period', 'an included file is on the page')
})

t.test('a dead link fails the build', { timeout: buildMs }, async (t) => {
  await t.rejects(built(t, { 'more.md': '[nowhere](/there-is-no-such-page)' }), /dead link/i)
})

t.test('the configuration reference is made of the schema, and is in step with it', async (t) => {
  t.equal(await readFile(join(root, 'docs/configuration.md'), 'utf8'), configurationPage(), 'run `npm run docs:reference`')
})
