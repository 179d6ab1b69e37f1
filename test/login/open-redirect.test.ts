import t from 'tap'
import { createBrowser, publicUrl } from '../rig/browser.ts'
import { get, sendRaw } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { attemptOf, beginSignIn, callbackOf, navigation, open, signInTo } from './attempt.ts'
import { foreignForms, localForms } from './redirect-forms.ts'

/** Spread over the list, so that each family is there. */
const sample = foreignForms.filter((_form, index) => index % 4 === 0)

t.test(`signing in with any of ${sample.length} odd addresses ends on our origin (T-65, T-66, T-67)`, async (t) => {
  const rig = await startRig(t, { config: { aihubmix: { budget: { requests: 100_000 } } } }) // so many sign-ins of one person are not usual
  const elsewhere: string[] = []
  for (const form of sample) {
    const answer = await signInTo(rig, createBrowser(rig.url), form.slice(0, 3_000))
    const location = answer.location ?? 'none:'
    if (answer.status !== 303 || new URL(location, publicUrl).origin !== publicUrl || answer.headers['x'] !== undefined) elsewhere.push(`${form} → ${answer.status} ${location}`)
  }
  t.strictSame(elsewhere, [])
})

t.test('a deep link arrives byte for byte, its query included (T-73)', async (t) => {
  const rig = await startRig(t)
  for (const form of localForms) t.equal((await signInTo(rig, rig.newBrowser(), form)).location, form)
})

t.test('the address a navigation was refused at is the one it comes back to (T-73)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const deepLink = '/a/b?x=1&y=%2F+z&&e='
  const attempt = attemptOf(await open(ada, deepLink))
  t.equal((await ada.fetch(callbackOf(rig, attempt), { headers: navigation })).location, deepLink)
})

t.test('an address written raw into the request line ends on our origin too (T-66)', async (t) => {
  const rig = await startRig(t)
  for (const rd of ['/%09/evil.test', '/%0a/evil.test', '/%0d%0aX:%20y', '%2F%2Fevil.test', '//evil.test', '/%5cevil.test', 'https:evil.test', '/%e3%80%82evil', '%20/a', '/%20/evil', '/a&rd=//evil.test', '%00', '%ff%fe', '%']) {
    const { status, text } = await sendRaw(rig.port, get(`/oauth2/start?rd=${rd}`))
    t.equal(status, 302, rd)
    t.ok(new URL(/^location: (.*)$/im.exec(text)?.[1] ?? 'none:').origin === rig.emulator.url)
    t.notMatch(text, /^X: y/im)
  }
})

t.test('nothing but rd is asked where to: no header and no cookie of the client (T-69)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const headers = { ...navigation, referer: 'https://evil.test/', 'x-auth-request-redirect': 'https://evil.test/', 'x-forwarded-uri': '/elsewhere', 'x-forwarded-host': 'evil.test', cookie: 'rd=https://evil.test' }
  const attempt = attemptOf(await ada.fetch('/oauth2/start', { headers }))
  t.equal(attempt.authorizationUrl.searchParams.get('redirect_uri'), `${publicUrl}/oauth2/callback`)
  t.equal((await ada.fetch(callbackOf(rig, attempt), { headers: navigation })).location, '/')
})

t.test('our own endpoints are no place to return to (T-71)', async (t) => {
  const rig = await startRig(t)
  for (const own of ['/oauth2/sign_out', '/oauth2/start', '/oauth2/callback?code=x', '/OAUTH2/sign_out', '/%6fauth2/start', `${publicUrl}/oauth2/sign_out`]) {
    t.equal((await signInTo(rig, rig.newBrowser(), own)).location, '/')
  }
})

t.test('rd twice: the first counts; rd[] is no rd; a very long one is none (T-72)', async (t) => {
  const rig = await startRig(t)
  for (const [query, place] of [['rd=/first&rd=//evil.test', '/first'], ['rd=//evil.test&rd=/second', '/'], ['rd[]=/a', '/'], [`rd=/${'a'.repeat(10_000)}`, '/'], ['', '/']] as const) {
    const ada = rig.newBrowser()
    const attempt = attemptOf(await ada.fetch(`/oauth2/start?${query}`, { headers: navigation }))
    t.equal((await ada.fetch(callbackOf(rig, attempt), { headers: navigation })).location, place, query.slice(0, 40))
  }
  t.equal((await rig.newBrowser().fetch(`/oauth2/start?rd=/${'a'.repeat(20_000)}`)).status, 414)
})

t.test('the sign-in page links to no other place than start would lead to', async (t) => {
  const rig = await startRig(t)
  for (const form of sample.slice(0, 40)) {
    const { text } = await open(rig.newBrowser(), `/oauth2/sign_in?${new URLSearchParams({ rd: form.slice(0, 3_000) })}`)
    const href = /href="(\/oauth2\/start[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const place = new URL(href, publicUrl).searchParams.get('rd') ?? 'none:'
    t.equal(new URL(place, publicUrl).origin, publicUrl, form)
  }
})

t.test('a target cannot be changed on the way: it is no part of the state (T-74)', async (t) => {
  const rig = await startRig(t)
  const ada = rig.newBrowser()
  const attempt = await beginSignIn(ada, '/mine')
  const tampered = { ...attempt, state: `${attempt.state}.L2V2aWw` }
  const answer = await ada.fetch(callbackOf(rig, tampered), { headers: navigation })
  t.equal(answer.status, 400)
  t.equal(rig.emulator.count('token'), 0)
})
