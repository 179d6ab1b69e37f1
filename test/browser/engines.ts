import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch, type Browser } from 'puppeteer-core'

export type Engine = 'chromium' | 'firefox'

interface Teardown { after (undo: () => unknown): void }

interface EngineOptions {
  readonly firefoxPreferences?: Readonly<Record<string, string | number | boolean>>
  readonly chromiumArguments?: readonly string[]
}

/** Debian's browser, headless, with a home of its own; it asks nothing of the outside, and is closed with the test. */
export async function startBrowser (t: Teardown, engine: Engine, { firefoxPreferences = {}, chromiumArguments = [] }: EngineOptions = {}): Promise<Browser> {
  const home = await mkdtemp(join(tmpdir(), `gateway-${engine}-`))
  const common = { headless: true, env: { ...process.env, HOME: home, LANG: 'en_US.UTF-8' } } as const
  const browser = engine === 'chromium'
    ? await launch({ ...common, executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--lang=en-US', ...chromiumArguments] })
    : await launch({ ...common, browser: 'firefox', executablePath: '/usr/bin/firefox-esr', extraPrefsFirefox: { 'intl.accept_languages': 'en-US', ...firefoxPreferences } })
  t.after(async () => {
    await browser.close()
    await rm(home, { recursive: true, force: true, maxRetries: 5 })
  })
  return browser
}
