import { writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { createGateway } from '../../src/gateway.ts'
import { openStore } from '../../src/session/open-store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { freePort } from '../rig/redis.ts'
import { startUpstream } from '../rig/upstream.ts'
import { launchChromium, screenshot } from './chromium.ts'

const client = { clientId: 'client_1', clientSecret: 'secret_1' }

/** A gateway on loopback as an operator would configure it; `/` asks for a balance of 5. */
async function startPaidApp (t: Test) {
  const app = await startUpstream((_request, response) => { response.setHeader('content-type', 'text/html').end('<h1 id="app">The app</h1>') })
  const emulator = await startEmulator()
  const origin = `http://localhost:${await freePort()}`
  emulator.registerApp({ ...client, name: 'Paid app', redirectUri: `${origin}/oauth2/callback` })
  const file = `${t.testdir({})}/gateway.yaml`
  await writeFile(file, JSON.stringify({
    server: { publicUrl: origin },
    aihubmix: { ...client, browserUrl: emulator.url, serverUrl: emulator.url },
    routes: [{ upstream: app.url, minBalance: '5' }]
  }))
  const { config } = await loadConfig({ file, env: {} })
  const log = createLog('silent')
  const store = openStore(config, log.log)
  const gateway = await createGateway({ config, store, log, metrics: createMetrics('0.0.0-test'), now: emulator.clock.trueNow })
  await gateway.app.listen({ host: 'localhost', port: Number(new URL(origin).port) })
  t.after(async () => {
    await gateway.close(0)
    await Promise.all([store.close(), emulator.close(), app.close()])
  })
  return { origin, emulator }
}

t.test('in Chromium, who has too little tops up, comes back, is told to wait, and is let in without a click when the money is there', async (t) => {
  const { origin, emulator } = await startPaidApp(t)
  const browser = await launchChromium()
  t.after(() => browser.close())
  const page = await browser.newPage()
  await page.goto(`${origin}/work/7`)
  await page.click('button[data-user=poor]')
  await page.waitForSelector('#balance')
  t.equal(page.url(), `${origin}/work/7`)
  t.match(await page.textContent('#balance'), '0.02')
  await screenshot(page, 'low-balance')

  emulator.faults.set({ kind: 'delayed_credit', args: { seconds: 120 } })
  await page.click('a[href="/oauth2/topup"]')
  await page.click('[data-amount="10"]')
  await page.waitForLoadState()
  await page.goto(`${origin}/work/7`)
  await page.waitForSelector('#wait')
  t.match(await page.textContent('h1'), 'Waiting for your top-up')
  await screenshot(page, 'top-up-awaited')
  emulator.clock.advance('130s')
  await page.waitForSelector('#app', { timeout: 60_000 })
  t.equal(page.url(), `${origin}/work/7`, 'where the person wanted to go')
})

t.test('in Chromium, a credit that does not come for long is not called failed, in three languages', async (t) => {
  const { origin, emulator } = await startPaidApp(t)
  const browser = await launchChromium()
  t.after(() => browser.close())
  for (const locale of ['en', 'zh-TW', 'zh-CN']) {
    const context = await browser.newContext({ locale })
    const page = await context.newPage()
    await page.goto(`${origin}/work/7`)
    await page.click('button[data-user=poor]')
    await page.waitForSelector('#balance')
    await page.click('a[href="/oauth2/topup"]')
    emulator.clock.advance('11m')
    await page.goto(`${origin}/work/7`)
    await page.waitForSelector('#wait')
    await screenshot(page, `top-up-late-${locale}`)
    t.match(await page.textContent('#wait'), { en: /do not pay a second time/, 'zh-TW': /請勿再次付款/, 'zh-CN': /请勿再次付款/ }[locale] ?? /never/)
    await context.close()
  }
})
