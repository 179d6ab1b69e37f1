import type { Page } from 'puppeteer-core'
import t from 'tap'
import { startBrowser } from './engines.ts'
import { startSite } from './site.ts'
import { click, newVisitor, shows, visible } from './visitor.ts'

const otherHost = 'app.other.localhost'
const browser = await startBrowser(t, 'chromium', { chromiumArguments: ['--host-resolver-rules=MAP *.hostile.test localhost'] })
const site = await startSite(t, { otherHost })
const { port } = new URL(site.origin)
const other = `http://${otherHost}:${port}`

const marked = '"><img src=x onerror="document.title=`hurt`"><script>document.title=`hurt`</script>{{1234567*9}}'

/** What a hostile text would have left behind: a picture, a script, a title, a link that runs. */
async function isUnhurt (page: Page): Promise<unknown> {
  return await page.evaluate(`new Promise((resolve) => setTimeout(() => resolve(
    document.title !== 'hurt' && document.querySelector('img[src="x"]') === null && [...document.scripts].every(({ text }) => !text.includes('hurt')) &&
    !document.body.textContent.includes('11111103') && [...document.links].every(({ origin }) => origin === location.origin)
  )))`)
}

t.test('in a real browser a hostile rd, error text, path or host stays text, and leads nowhere else (T-136)', async (t) => {
  const visitor = await newVisitor(t, browser, site)
  const page = await visitor.open('about:blank')
  const asked = encodeURIComponent(marked)
  for (const path of [
    `/oauth2/sign_in?rd=${asked}`, `/oauth2/sign_in?rd=/${asked}`, '/oauth2/sign_in?rd=javascript:document.title=`hurt`', '/oauth2/sign_in?rd=//evil.example/', `/oauth2/sign_in?lang=${asked}`,
    `/oauth2/sign_out?rd=${asked}`, '/oauth2/sign_out?rd=https://evil.example/', `/oauth2/callback?error=${asked}&error_description=${asked}&state=${asked}`, `/oauth2/${asked}`
  ]) {
    await page.goto(site.origin + path)
    t.equal(await isUnhurt(page), true, path)
    t.equal(new URL(page.url()).origin, site.origin)
  }
  for (const host of ['evil', "x'onload='document.title=1'", '{{1234567*9}}', '$&', '"onload="document.title=1"']) {
    await page.goto(`http://${host}.hostile.test:${port}/oauth2/sign_in?rd=${asked}`)
    t.equal(await isUnhurt(page), true, host)
    t.notMatch(await page.content(), 'hostile.test', 'a host that is none of ours is on no page')
  }
  t.same(visitor.console.filter((line) => /security policy|uncaught/i.test(line)), [], 'nothing even tried to run')
})

t.test('in a real browser a hostile name stays text: on the page that signs out, in the SDK and in the elements', async (t) => {
  const visitor = await newVisitor(t, browser, site)
  site.emulator.users.set('user123', { username: marked })
  t.after(() => site.emulator.users.set('user123', { username: 'user123' }))
  const page = await visitor.open('/private')
  await click(page, '[data-user=user123]')
  await shows(page, '#name', marked)
  await page.waitForFunction(`document.querySelector('aihubmix-user').shadowRoot.querySelector('bdi').textContent === ${JSON.stringify(marked)}`)
  t.equal(await page.evaluate("document.querySelector('aihubmix-user').shadowRoot.querySelector('img, script')"), null)
  t.equal(await page.evaluate("document.title + document.querySelectorAll('img').length"), 'Test page0')
  await page.goto(`${site.origin}/oauth2/sign_out`)
  t.match(await page.evaluate('document.body.textContent'), marked)
  t.equal(await page.evaluate("document.querySelectorAll('img[src=x], script').length"), 0)
})

t.test('another host, in a real browser: the session is handed over by popup, and a sign-out on one is one on both', async (t) => {
  const visitor = await newVisitor(t, browser, { origin: other })
  const page = await visitor.open('/deep?x=1')
  await visible(page, '#in')
  const popup = await visitor.opening(() => click(page, '#in'))
  await click(popup, '[data-user=user123]')
  await shows(page, '#name', 'user123')
  t.equal(page.url(), `${other}/deep?x=1`)

  const home = await visitor.open(`${site.origin}/private`)
  await shows(home, '#name', 'user123')
  t.equal(home.url(), `${site.origin}/private`, 'signed in on the public host too, without a click')
  for (const { domain, name, httpOnly } of (await visitor.context.cookies()).filter(({ domain }) => domain !== '127.0.0.1')) t.ok(httpOnly, `${name} of ${domain}`)

  await click(home, '#out')
  await visible(home, '#in')
  await page.bringToFront()
  await page.reload()
  await visible(page, '#in')
  t.pass('signed out on the other host')

  const entries = await page.evaluate('JSON.stringify(navigation.entries().map(({ url }) => url))')
  t.notMatch(String(entries), /code=/)
})

t.end()
