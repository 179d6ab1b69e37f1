import t from 'tap'
import { errorPage } from '../../src/pages/error.ts'
import { renderPage as render } from '../../src/pages/layout.ts'
import { signInPage } from '../../src/pages/sign-in.ts'
import { signOutPage } from '../../src/pages/sign-out.ts'
import { signedOutPage } from '../../src/pages/signed-out.ts'
import { texts } from '../../src/pages/texts.ts'
import { everyPage, locales } from './every-page.ts'

const signIn = { locale: 'en', host: 'app.example.com', scopes: ['profile', 'balance'], startHref: '/oauth2/start?rd=%2Fa&b', autoAuthorize: true } as const
const error = { locale: 'en', code: 'upstream_timeout', status: 504, requestId: 'req-1', actions: [{ kind: 'retry', href: '/a' }] } as const

t.test('every page names its language, has one h1, one main and a switch to each language', async (t) => {
  for (const locale of locales) {
    for (const page of Object.values(everyPage(locale, '/here'))) {
      t.ok(page.startsWith(`<!doctype html>\n<html lang="${locale}">`))
      for (const tag of ['<h1>', '<main>', '<title>', '<footer>']) t.equal(page.split(tag).length, 2, tag)
      t.match(page, /<meta name="viewport"/)
      for (const other of locales) t.ok(page.includes(`hreflang="${other}"`))
      t.equal(page.split('aria-current="true"').length, 2, 'one language is the current one')
    }
  }
})

t.test('the language switch goes where the caller says, and to ?lang= by itself', async (t) => {
  t.match(render(signedOutPage({ locale: 'en', signInHref: '/' })), 'href="?lang=zh-Hant" lang="zh-Hant"')
  t.match(render(signedOutPage({ locale: 'en', signInHref: '/', languageHref: (locale) => `/x?rd=1&lang=${locale}` })), 'href="/x?rd=1&amp;lang=zh-Hant"')
})

t.test('the sign-in page says which app asks for what, and what one click does', async (t) => {
  const page = render(signInPage(signIn))
  for (const told of ['app.example.com', 'name and e-mail', 'balance', texts.en.signIn.grantsAtOnce]) t.match(page, told)
  t.match(page, '<a class="button" href="/oauth2/start?rd=%2Fa&amp;b">')
})

t.test('the sign-in page promises no balance that is not asked for, and no question that is not skipped', async (t) => {
  const page = render(signInPage({ ...signIn, scopes: ['profile'], autoAuthorize: false }))
  t.notMatch(page, texts.en.signIn.scopes.balance)
  t.notMatch(page, texts.en.signIn.grantsAtOnce)
  t.match(page, texts.en.signIn.asksFirst)
})

t.test('a scope without words of ours is shown by its name, whatever the name', async (t) => {
  for (const scope of ['models', 'constructor', '__proto__']) t.match(render(signInPage({ ...signIn, scopes: [scope] })), `“${scope}”`)
})

t.test('signing out takes a form, names the account when it has a name, and can be left', async (t) => {
  const page = render(signOutPage({ locale: 'en', username: 'ada', returnHref: '/back' }))
  t.match(page, '<form method="post" action="/oauth2/sign_out"><button class="button" type="submit">')
  t.match(page, '<bdi class="who">ada</bdi>')
  t.match(page, 'href="/back"')
  t.notMatch(render(signOutPage({ locale: 'en', username: null, returnHref: '/' })), texts.en.signOut.signedInAs)
})

t.test('the signed-out page says that the login at AIHubMix stays', async (t) => {
  for (const locale of locales) t.match(render(signedOutPage({ locale, signInHref: '/in' })), texts[locale].signedOut.providerStays)
})

t.test('an error page says what happened, what to do, and the id that the log has', async (t) => {
  const page = render(errorPage(error))
  for (const told of [...Object.values(texts.en.errors.upstream_timeout), '504', 'upstream_timeout', 'req-1']) t.match(page, told)
})

t.test('the actions of an error page are links named by their kind, the first the one to press, and none when there is none', async (t) => {
  for (const [kind, words] of Object.entries(texts.en.error.actions)) {
    const page = render(errorPage({ ...error, actions: [{ kind: kind as 'retry', href: '/a' }, { kind: 'home', href: '/b' }] }))
    t.match(page, `<a class="button" href="/a">${words}</a>`)
    t.match(page, '<a class="button plain" href="/b">')
  }
  t.notMatch(render(errorPage({ ...error, actions: [] })), 'class="button"')
})

t.test('another account begins with a sign-out, which takes a form', async (t) => {
  const page = render(errorPage({ ...error, actions: [{ kind: 'another-account', href: null }] }))
  t.match(page, `<form method="post" action="/oauth2/sign_out"><button class="button" type="submit">${texts.en.error.actions['another-account']}</button></form>`)
})
