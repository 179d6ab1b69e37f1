import t from 'tap'
import { startBrowser } from './engines.ts'
import { startSite } from './site.ts'
import { click, newVisitor, shows } from './visitor.ts'

const otherHost = 'app.other.localhost'
const browser = await startBrowser(t, 'chromium')
const site = await startSite(t, { otherHost })
const other = `http://${otherHost}:${new URL(site.origin).port}`

t.test('a page of another host: one sign-in on the public host, and back to the deep link there; a sign-out holds on both, and the next sign-in asks', async (t) => {
  const visitor = await newVisitor(t, browser, site)
  const page = await visitor.open(`${other}/private/deep?x=1`)
  t.equal(new URL(page.url()).origin, site.emulator.url, 'it leads to AIHubMix')
  await click(page, '[data-user=user123]')
  await shows(page, '#name', 'user123')
  t.equal(page.url(), `${other}/private/deep?x=1`)
  t.equal(site.emulator.count('authorization_code'), 1)
  const sessions = (await visitor.context.cookies()).filter(({ name }) => name === 'aihubmix')
  t.same(sessions.map(({ domain }) => domain).toSorted(), [otherHost, 'localhost'], 'each host has the session in a cookie of its own')
  for (const cookie of sessions) t.match(cookie, { httpOnly: true, sameSite: 'Lax' })

  const atPublic = await visitor.open('/private')
  await shows(atPublic, '#name', 'user123')
  t.equal(site.emulator.count('authorization_code'), 1, 'nobody is asked twice')

  await atPublic.goto(`${site.origin}/oauth2/sign_out`)
  await Promise.all([atPublic.waitForNavigation(), click(atPublic, 'form button')])
  const before = site.upstream.seen.length
  await page.bringToFront()
  await page.goto(`${other}/private/deep?x=2`)
  t.match(page.url(), `${site.origin}/oauth2/handoff?`, 'our page asks')
  await shows(page, 'main', otherHost)
  t.equal(site.upstream.seen.length, before, 'the app saw nothing')

  await click(page, 'a.button') // AIHubMix remembers what was agreed to, and asks nothing: without our page nobody would
  await shows(page, '#name', 'user123')
  t.equal(page.url(), `${other}/private/deep?x=2`)
  t.same(visitor.console.filter((line) => /content.security.policy|uncaught/i.test(line)), [])
})

t.end()
