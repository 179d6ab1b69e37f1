import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { startProcess } from '../rig/process.ts'
import { violations } from './accessibility.ts'
import { launchChromium, screenshot } from './chromium.ts'

t.test('in the demo, Chromium signs in, comes back to its deep link, tops up, sees the new balance and signs out', async (t) => {
  const demo = startProcess(['demo', '--port', '0'])
  t.after(() => demo.end())
  const [, origin = ''] = await demo.saying(/Open +(http:\/\/localhost:\d+)/)
  const browser = await launchChromium()
  t.after(() => browser.close())
  const context = await browser.newContext()
  const page = await context.newPage()

  await page.goto(`${origin}/reports/42?x=1&y=%2F`)
  t.match(page.url(), /^http:\/\/127\.0\.0\.1:\d+\/api\/oauth2\/authorize\?/, 'a protected page leads to AIHubMix')
  await page.click('button[data-user=user123]')
  await page.waitForSelector('#balance')
  t.equal(page.url(), `${origin}/reports/42?x=1&y=%2F`, 'back at the deep link')
  t.match(await page.textContent('#user-id'), '12345')
  t.match(await page.textContent('#email'), 'user@example.com')
  t.match(await page.textContent('#balance'), '750.00')
  await page.locator('#sse').filter({ hasText: /\d/ }).waitFor()
  await page.locator('#ws').filter({ hasText: '12345' }).waitFor()
  await screenshot(page, 'demo-signed-in')

  const [topUp] = await Promise.all([context.waitForEvent('page'), page.click('#topup')])
  await topUp.click('[data-amount="10"]')
  await topUp.waitForSelector('text=760.00')
  await screenshot(topUp, 'emulator-topped-up')
  await topUp.close()
  await page.bringToFront()
  await page.locator('#balance').filter({ hasText: '760.00' }).waitFor()
  t.pass('the new balance is seen without a click')

  t.same(await page.evaluate('({ ...localStorage, ...sessionStorage, cookie: document.cookie })'), { cookie: '' }, 'no script can read anything of the session')

  await page.click('#sign-out')
  await page.waitForSelector('#login')
  t.notOk(await page.isVisible('#balance'), 'nothing of the user is left to be seen')
  await screenshot(page, 'demo-signed-out')

  const [popup] = await Promise.all([context.waitForEvent('page'), page.click('#sign-in')])
  await popup.waitForLoadState()
  if (!popup.isClosed()) await popup.locator('[data-action=allow]').click({ timeout: 3_000 }).catch(() => {})
  await page.locator('#ws').filter({ hasText: '12345' }).waitFor()
  t.pass('signed in again by popup, and the WebSocket is another one')
  await page.click('#sign-out')
  await page.waitForSelector('#login')

  await page.goto(`${origin}/reports/42`)
  t.match(page.url(), `${origin}/oauth2/sign_in`, 'after a sign-out nobody is signed in again unasked')
  await screenshot(page, 'sign-in')
})

t.test('the demo has its three states, and a fourth when the gateway is away; axe finds nothing in any, light or dark', async (t) => {
  const demo = startProcess(['demo', '--port', '0'])
  t.after(() => demo.end())
  const [, origin = ''] = await demo.saying(/Open +(http:\/\/localhost:\d+)/)
  const browser = await launchChromium()
  t.after(() => browser.close())
  const context = await browser.newContext()
  const page = await context.newPage()
  const clean = async (state: string): Promise<void> => {
    t.same(await page.locator('main > section:visible').evaluateAll((sections) => [...new Set(sections.map((section) => section.getAttribute('data-aihubmix-when')))]), [state])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      t.same(await violations(page), [], `${state}, ${colorScheme}`)
    }
  }
  await page.goto(`${origin}/`)
  await page.click('button[data-user=user123]')
  await page.locator('#balance').filter({ hasText: '750.00' }).waitFor()
  await clean('signed-in')

  await page.route('**/oauth2/userinfo', () => {}) // no answer yet
  await page.reload()
  await page.waitForSelector('[data-aihubmix-when=loading]')
  await clean('loading')
  await page.unroute('**/oauth2/userinfo')

  await page.route('**/oauth2/userinfo', (route) => route.abort())
  await page.reload()
  await page.waitForSelector('[data-aihubmix-when=unavailable]')
  await clean('unavailable')
  await page.unroute('**/oauth2/userinfo')

  await page.reload()
  await page.click('#sign-out')
  await page.waitForSelector('#login')
  await clean('signed-out')
})

t.test('Ctrl-C ends the demo and everything it started', async (t) => {
  const demo = startProcess(['demo', '--port', '0'])
  const [, origin = '', emulator = ''] = await demo.saying(/Open +(http:\/\/localhost:\d+)[\s\S]*emulator at (http:\/\/[\d.:]+)/)
  t.equal((await fetch(`${origin}/oauth2/ping`)).status, 200)
  const silent = connect(Number(new URL(origin).port), 'localhost') // a connection without a request must not hold it up
  await once(silent, 'connect')
  t.equal(await demo.end('SIGINT'), 0)
  await t.rejects(fetch(`${origin}/oauth2/ping`))
  await t.rejects(fetch(`${emulator}/api/status`))
})
