import t from 'tap'
import { startRig } from '../rig/rig.ts'
import { signInTo } from './attempt.ts'

const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

t.test('a proxy in front that does not pass Host on is told so, instead of a redirect without end', async (t) => {
  const rig = await startRig(t)
  const first = await rig.newBrowser().fetch('/deep', { headers: { ...navigation, host: 'inner:4180' } })
  const second = await rig.newBrowser().fetch(first.location ?? '', { headers: { ...navigation, host: 'inner:4180' } })
  t.equal(second.status, 421)
  t.match(rig.logged(), /asked for as inner: the proxy in front does not pass Host on/)
})

t.test('a deep link too long for a cookie leads to the start page, not to a sign-in that can never end', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const { status, setCookies } = await ada.fetch(`/deep?x=${'a'.repeat(5_000)}`, { headers: navigation })
  t.equal(status, 302)
  t.ok(setCookies.every((cookie) => cookie.length < 4_096), 'every cookie fits into a browser')
  t.equal((await ada.signIn('user123', `/deep?x=${'a'.repeat(5_000)}`)).address, 'https://gw.test/')
})

t.test('a header full of made-up sign-in cookies costs no more than a real one (T-100)', async (t) => {
  const rig = await startRig(t)
  const many = Array.from({ length: 900 }, (_, index) => `__Host-aihubmix-login-${index}=x`).join('; ')
  const { status, setCookies } = await rig.newBrowser().fetch('/', { headers: { ...navigation, cookie: many } })
  t.equal(status, 302)
  t.ok(setCookies.length <= 65, `${setCookies.length} cookies are answered`)
})

t.test('when the store fails in the middle of a second sign-in, the first session is still there', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  const before = ada.cookieHeader()
  rig.emulator.faults.set({ kind: 'status', endpoint: 'userinfo', count: 1, args: { code: 500 } })
  await signInTo(rig, ada)
  t.equal((await rig.newBrowser().fetch('/', { headers: { cookie: before } })).status, 200)
})
