import type { Browser, Page } from 'puppeteer-core'
import type { Test } from 'tap'
import { until } from '../rig/until.ts'
import { violations } from './accessibility.ts'
import { startBrowser, type Engine } from './engines.ts'
import { historyOf } from './history.ts'
import { startSite, type Site } from './site.ts'
import { becomes, click, newVisitor, shows, visible, type Visitor } from './visitor.ts'

interface Stage { readonly site: Site, readonly browser: Browser }

/** What people do with an app that uses the SDK, under the strictest policy a page can have. */
export async function scenarios (t: Test, engine: Engine): Promise<void> {
  const browser = await startBrowser(t, engine)
  const site = await startSite(t)
  const stage = { site, browser }
  t.afterEach(() => { site.emulator.faults.clear() })

  t.test('by popup: one click, and every tab shows the user; a sign-out in one is seen in all', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    const [first, second] = [await visitor.open('/'), await visitor.open('/')]
    for (const page of [first, second]) await visible(page, '#in')
    await signInBy(first, visitor)
    await shows(second, '#name', 'user123')
    await shows(second, '#balance', '750.00')
    t.equal(second.url(), `${site.origin}/`)
    await until(() => visitor.pages.filter((page) => !page.isClosed()).length === 2)
    t.pass('the popup has gone')

    site.emulator.users.set('user123', { balance_formatted: '12.50' })
    await click(second, '#refresh')
    for (const page of [second, first]) await shows(page, '#balance', '12.50')
    t.pass('and so is the balance')

    await click(second, '#out')
    for (const page of [first, second]) await visible(page, '#in')
    site.emulator.users.set('user123', { balance_formatted: '750.00' })
    t.equal(await first.evaluate("fetch('/private/json').then(({ status }) => status)"), 401)
    t.same(visitor.console.filter((line) => /content.security.policy|uncaught/i.test(line) && !line.includes(site.emulator.url)), [], 'nothing offends the policy of the page')
  })

  for (const [what, path] of [['a page of AIHubMix that cuts the opener off', '/'], ['a page of ours that cuts everything off', '/?coop']] as const) {
    t.test(`by popup, with ${what}`, async (t) => {
      const visitor = await newVisitor(t, browser, site)
      site.emulator.faults.set({ kind: 'opener_policy' })
      const page = await visitor.open(path)
      await visible(page, '#in')
      const popup = await visitor.opening(() => begin(page, 'signIn()'))
      await popup.waitForSelector('[data-user=user123]')
      // Cut off, it looks closed: the page that waits looks twice, and goes on waiting.
      let looks = 0
      page.on('request', (request) => { if (request.url().endsWith('/oauth2/userinfo')) looks++ })
      await until(() => looks >= 2, 15_000)
      await click(popup, '[data-user=user123]')
      await shows(page, '#name', 'user123')
      t.match(await outcome(page), { id: '12345', username: 'user123' })
      t.equal(page.url(), `${site.origin}${path}`)
    })
  }

  t.test('a popup that takes its time is waited for', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    site.emulator.faults.set({ kind: 'slow', endpoint: 'token', args: { headers_ms: 4_000 } })
    const page = await visitor.open('/')
    await visible(page, '#in')
    await signInBy(page, visitor)
    t.pass()
  })

  t.test('a popup that is blocked: the page itself goes, and comes back to where it was', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    const page = await visitor.open('/deep/link?x=1#part')
    await page.evaluate('window.open = () => null')
    await visible(page, '#in')
    await click(page, '#in')
    await click(page, '[data-user=user123]')
    await shows(page, '#name', 'user123')
    t.equal(page.url(), `${site.origin}/deep/link?x=1#part`)
  })

  t.test('a popup that is closed: the sign-in is cancelled, and can begin again', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    const page = await visitor.open('/')
    await visible(page, '#in')
    const popup = await visitor.opening(() => begin(page, 'signIn()'))
    await popup.waitForSelector('[data-user=user123]')
    await popup.close()
    await page.bringToFront()
    await page.evaluate("dispatchEvent(new Event('focus'))") // a window without a screen is not told
    t.match(await outcome(page), { kind: 'cancelled', code: 'cancelled', status: 0 })
    await signInBy(page, visitor)
  })

  t.test('what is refused at AIHubMix says so in the popup, and can be tried again there', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    site.emulator.faults.set({ kind: 'error', count: 1 })
    const page = await visitor.open('/')
    await visible(page, '#in')
    const popup = await visitor.opening(() => click(page, '#in'))
    await shows(popup, 'dl', 'consent_refused')
    await click(popup, 'a.button')
    await click(popup, '[data-user=user123]')
    await shows(page, '#name', 'user123')
  })

  t.test('a session that ends while the page is open: reading signs in and goes on, changing asks first', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    const page = await signedIn(visitor)
    await site.endSessions()
    await visitor.opening(() => begin(page, "fetch('/private/json?1').then((answer) => answer.json())"))
    t.same(await outcome(page), { method: 'GET', user: '12345' }, 'AIHubMix asks nothing, the popup comes and goes')
    await shows(page, '#name', 'user123')

    await site.endSessions()
    const before = site.upstream.seen.length
    await begin(page, "fetch('/private/json?2', { method: 'POST', body: 'x' }).then(({ status }) => status)", '{ ask: () => false }')
    t.equal(await outcome(page), 401, 'whoever says no gets the answer as it was')
    t.equal(site.upstream.seen.length, before, 'and the app hears nothing')

    await visitor.opening(() => begin(page, "fetch('/private/json?3', { method: 'POST', body: 'x' }).then((answer) => answer.json())", '{ ask: ({ isUnsafe }) => isUnsafe }'))
    t.same(await outcome(page), { method: 'POST', user: '12345' })
    t.equal(site.upstream.seen.filter(({ target }) => target.endsWith('?3')).length, 1, 'it reached the app once')
  })

  t.test('what one person wrote is not sent in the name of another', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    const page = await signedIn(visitor)
    await site.endSessions()
    await visitor.context.deleteCookie(...(await visitor.context.cookies()).filter(({ domain }) => domain === '127.0.0.1'))
    const popup = await visitor.opening(() => begin(page, "fetch('/private/json?4', { method: 'PUT', body: 'x' }).then(({ status }) => status)", '{ ask: () => true }'))
    await click(popup, '[data-user=poor]')
    t.match(await outcome(page), { kind: 'cancelled', code: 'other_user' })
    await shows(page, '#name', 'poor')
    t.same(site.upstream.seen.filter(({ target }) => target.endsWith('?4')), [])
  })

  t.test('a 401 of before that takes the new cookie along costs no second click (T-91)', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    const page = await visitor.open('/')
    await visible(page, '#in')
    // The request of before: it is answered after the popup is done, and clears the session's cookie as a late 401 does.
    await page.evaluate(`{
      const real = fetch
      window.fetch = (input, init) => input instanceof Request && input.url.endsWith('/late') ? new Promise((resolve) => {
        const channel = new BroadcastChannel('aihubmix-gateway')
        channel.onmessage = ({ data }) => {
          if (data !== 'signed-in') return
          channel.close()
          real('/oauth2/sign_out', { method: 'POST' }).then(() => resolve(new Response(null, { status: 204 })))
        }
      }) : real(input, init)
    }`)
    await begin(page, "fetch('/late')")
    await signInBy(page, visitor)
    await until(() => visitor.pages.filter((page) => !page.isClosed()).length === 1)
    t.equal(await page.evaluate("fetch('/private/json').then(({ status }) => status)"), 200)
  })

  t.test('a top-up in another tab: the new balance is there without a click', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    const page = await signedIn(visitor)
    const pay = await visitor.opening(() => click(page, '#topup'))
    await pay.waitForSelector('[data-amount="10"]')
    t.equal(await pay.evaluate('window.opener'), null, 'the page that takes money cannot reach ours')
    await click(pay, '[data-amount="10"]')
    await shows(page, '#balance', '760.00')
    site.emulator.users.set('user123', { balance_formatted: '750.00' })
  })

  t.test('the elements: a button that signs in, a menu that can be used from the keyboard', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    const page = await visitor.open('/')
    await becomes(page, "document.querySelector('aihubmix-sign-in').shadowRoot.querySelector('button').checkVisibility()")
    t.same(await violations(page, elements), [], 'axe finds nothing while nobody is signed in')
    const popup = await visitor.opening(() => page.click('aihubmix-sign-in'))
    await click(popup, '[data-user="user123"]')
    const inMenu = "document.querySelector('aihubmix-user').shadowRoot"
    await becomes(page, `${inMenu}.querySelector('summary').textContent === 'user123750.00'`)
    await becomes(page, "document.querySelector('aihubmix-sign-in').shadowRoot.querySelector('button').hidden")
    await page.bringToFront()
    await page.evaluate(`${inMenu}.querySelector('summary').focus()`)
    await page.keyboard.press('Enter')
    await becomes(page, `${inMenu}.querySelector('details').open`)
    t.same(await violations(page, elements), [], 'nor in the open menu')
    await page.keyboard.press('Escape')
    await becomes(page, `!${inMenu}.querySelector('details').open`)
    await page.keyboard.press('Enter')
    for (let i = 0; i < 3; i++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await visible(page, '#in')
    t.pass('signed out with the keyboard alone')
  })

  t.test('whatever the gateway answers, it is an error with a kind', async (t) => {
    const page = await (await newVisitor(t, browser, site)).open('/')
    await visible(page, '#in')
    for (const [answer, failure] of [
      ["Promise.reject(new TypeError('Failed to fetch'))", { kind: 'offline', code: 'offline', status: 0 }],
      ["new Response('<!doctype html>', { status: 200 })", { kind: 'malformed' }],
      ["new Response('{}', { status: 200 })", { kind: 'malformed' }],
      ["new Response('null', { status: 200 })", { kind: 'malformed' }],
      ["new Response('[1]', { status: 200 })", { kind: 'malformed' }],
      ["new Response('{\"id\":', { status: 200 })", { kind: 'malformed' }],
      ['new Response(null, { status: 418 })', { kind: 'malformed', status: 418 }],
      ["new Response('{\"error\":\"balance_too_low\"}', { status: 402 })", { kind: 'balance', code: 'balance_too_low', status: 402 }],
      ["new Response('{\"error\":7,\"message\":{}}', { status: 403 })", { kind: 'denied', code: 'denied', status: 403 }],
      ["new Response('null', { status: 503, headers: { 'retry-after': '7' } })", { kind: 'unavailable', code: 'unavailable', status: 503, retryAfterSeconds: 7 }],
      ["new Response('{\"error\":\"session_store_unavailable\",\"request_id\":\"r-1\"}', { status: 503 })", { code: 'session_store_unavailable', requestId: 'r-1' }],
      ['new Response(new ReadableStream({ start (c) { c.error(new Error()) } }), { status: 200 })', { kind: 'offline' }]
    ] as const) {
      await page.evaluate(`window.fetch = async () => ${answer}`)
      for (const call of ['user()', 'refreshBalance()', ...failure.kind === 'malformed' && !('status' in failure) ? [] : ['signOut()']]) {
        if (call === 'signOut()' && answer.includes('status: 200')) continue
        await begin(page, call)
        t.match(await outcome(page), failure, `${call} ${answer}`)
      }
    }
    await page.evaluate("window.fetch = async () => new Response('', { status: 401 })")
    await begin(page, 'user()')
    t.equal(await outcome(page), null, 'nobody is no failure')
    await begin(page, 'refreshBalance()')
    t.match(await outcome(page), { kind: 'signed-out', code: 'login_required', status: 401 })
    await page.evaluate("window.fetch = async () => new Response('{\"id\":9223372036854775807,\"username\":7,\"balance_formatted\":null}')")
    await begin(page, 'user()')
    t.match(await outcome(page), { username: null, email: null, balance: null, id: /^92233720368547758/ })
    await page.evaluate("window.fetch = async () => { throw new TypeError('offline') }")
    await begin(page, "fetch('/private/json')")
    t.match(await outcome(page), { kind: 'offline' })
  })

  t.test('after all this no token, code or secret is anywhere a script or a person could find it', async (t) => {
    const visitor = await newVisitor(t, browser, site)
    const page = await signedIn(visitor)
    await page.goto(`${site.origin}/private/x`)
    await click(page, '#out')
    await visible(page, '#in')
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state])')
    t.equal(kept, JSON.stringify([{}, {}, '', `${site.origin}/private/x`, null]))
    t.same(await page.evaluate('indexedDB.databases().then((found) => found.length)'), 0)
    t.same(await page.evaluate('caches.keys()').catch(() => []), [])
    const addresses = await page.evaluate("JSON.stringify([...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map(({ name }) => name))")
    t.notMatch(String(addresses), /code=|state=|token/)
    const entries = await historyOf(page, engine)
    t.ok(entries.includes(`${site.origin}/private`) && entries.includes(page.url()), 'the way is in the history')
    for (const entry of entries) t.notMatch(new URL(entry).origin === site.origin ? entry : entry.replace(/[?&]state=[\w-]+/, ''), secrets(stage), entry)
    t.notMatch(visitor.console.join('\n'), secrets(stage))
    for (const cookie of await visitor.context.cookies()) if (cookie.name.startsWith('aihubmix')) t.ok(cookie.httpOnly, cookie.name)
    t.notMatch(site.logged(), secrets(stage), 'nor in the log')
  })
}

const elements = ['aihubmix-sign-in', 'aihubmix-user']

/** Tokens as the emulator makes them, codes and states as they would stand in an address, and the client's secret. */
function secrets ({ site }: Stage): RegExp {
  return site.origin === '' ? /./ : /eyJ[\w-]+\.|refresh_[0-9a-f]{8}|[?&](code|state)=[\w-]{8}|secret_of_the_site/
}

async function signInBy (page: Page, visitor: Visitor): Promise<void> {
  const popup = await visitor.opening(() => click(page, '#in'))
  await click(popup, '[data-user=user123]')
  await shows(page, '#name', 'user123')
}

async function signedIn (visitor: Visitor): Promise<Page> {
  const page = await visitor.open('/private')
  await click(page, '[data-user=user123]')
  await shows(page, '#name', 'user123')
  return page
}

/** Begins a call of the SDK as a click would; what comes of it is kept for `outcome`. */
async function begin (page: Page, call: string, options = ''): Promise<void> {
  await page.evaluate(`import('/oauth2/sdk.js').then(({ createGateway }) => {
    window.outcome = undefined
    createGateway(${options}).${call}.then((value) => { window.outcome = [value] }, (error) => { window.outcome = [{ ...error }] })
  })`)
}

async function outcome (page: Page): Promise<unknown> {
  await becomes(page, 'window.outcome !== undefined')
  return JSON.parse(String(await page.evaluate('JSON.stringify(window.outcome)')))[0]
}
