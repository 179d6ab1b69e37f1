import t from 'tap'
import { startRig } from '../rig/rig.ts'
import { attemptOf, callbackOf, navigation, open } from './attempt.ts'

const popupStart = '/oauth2/start?mode=popup&rd=https%3A%2F%2Fevil.test%2F'

t.test('a sign-in by popup ends at the page that tells the one that waits, wherever it was asked to go', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const attempt = attemptOf(await open(ada, popupStart))
  const { status, location } = await open(ada, callbackOf(rig, attempt))
  t.equal(status, 303)
  t.equal(location, '/oauth2/popup')
  const page = await open(ada, '/oauth2/popup')
  t.equal(page.status, 200)
  t.match(page.text, /postMessage\('signed-in'\)/)
  t.notMatch(page.text, /user123|12345|750\.00/, 'it says nothing of the user')
  t.equal((await ada.fetch('/a')).status, 200)
})

t.test('what fails in a popup begins anew as a popup, and elsewhere at the page it was for', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  for (const [start, href] of [[popupStart, '/oauth2/start?mode=popup'], ['/oauth2/start?rd=%2Freports%2F7%3Fx%3D1', '/oauth2/sign_in?rd=%2Freports%2F7%3Fx%3D1'], ['/oauth2/start?rd=%2Fa%3Fb%3D%2Foauth2%2Fpopup', '/oauth2/sign_in?rd=%2Fa%3Fb%3D%2Foauth2%2Fpopup']] as const) {
    const { state } = attemptOf(await open(ada, start))
    const { status, text } = await ada.fetch(`/oauth2/callback?${new URLSearchParams({ state, error: 'access_denied' })}`, { headers: navigation })
    t.equal(status, 403)
    t.match(text, `href="${href.replaceAll('&', '&amp;')}"`)
  }
})

t.test('on a host that shares the session the popup ends on that host', async (t) => {
  const rig = await startRig(t, { config: { session: { cookieDomain: 'gw.test' }, routes: [{ host: 'app.gw.test', path: '/', upstream: 'http://127.0.0.1:9' }, { host: 'gw.test', path: '/', upstream: 'http://127.0.0.1:9' }] } })
  const ada = rig.newBrowser()
  const { location } = await ada.fetch('/oauth2/start?mode=popup', { headers: { ...navigation, host: 'app.gw.test' } })
  t.equal(location, 'https://gw.test/oauth2/start?mode=popup&rd=https%3A%2F%2Fapp.gw.test%2F&led=1')
  const attempt = attemptOf(await open(ada, location ?? ''))
  t.equal((await open(ada, callbackOf(rig, attempt))).location, 'https://app.gw.test/oauth2/popup')
})
