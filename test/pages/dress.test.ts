import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { accentStyle, contrast } from '../../src/pages/colours.ts'
import { render } from '../../src/pages/html.ts'
import { problemsOf } from '../config/configured.ts'
import { signInTo } from '../login/attempt.ts'
import { startRig } from '../rig/rig.ts'

const file = (name: string): string => fileURLToPath(new URL(`dress/${name}`, import.meta.url))
const hostile = '</title><script>alert(1)</script>"><img src=x onerror=alert(1)>'

t.test('the operator\'s name, colour, logo, words and links are on the page, and the policy stays strict', async (t) => {
  const rig = await startRig(t, {
    config: {
      aihubmix: { authorizationsUrl: 'https://aihubmix.test/apps' },
      pages: { appName: 'Acme Studio', accent: '#0b7a5c', logoFile: file('logo.svg'), supportUrl: 'https://help.test/', texts: { en: { signInTitle: 'Welcome back', signInText: 'Good to see you.' } } }
    }
  })
  const { text, headers } = await rig.newBrowser().open('/oauth2/sign_in?lang=en')
  for (const told of ['<h1>Welcome back</h1>', 'Good to see you.', 'Acme Studio', 'gw.test', '--accent:#0b7a5c', '<img class="logo" src="data:image/svg+xml;base64,', 'href="https://help.test/" rel="noreferrer"', 'href="https://aihubmix.test/apps" rel="noreferrer"']) t.ok(text.includes(told), told)
  t.match(headers['content-security-policy'], /^default-src 'none'; style-src 'sha256-[^ ]+'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/)
  t.notMatch((await rig.newBrowser().open('/oauth2/sign_in?lang=zh-TW')).text, 'Welcome back', 'other languages keep their own words')
})

t.test('a template of the operator\'s holds every page, and its own style is allowed by its hash', async (t) => {
  const rig = await startRig(t, { config: { pages: { templateFile: file('template.html') } } })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  for (const path of ['/oauth2/sign_in', '/oauth2/sign_out', '/oauth2/nothing', '/oauth2/popup']) {
    const { text, headers } = await ada.open(path)
    t.match(text, /<title>[^<]+ · Acme<\/title>[^]*<main>\n<h1>/)
    t.notMatch(text, '{{')
    t.equal(String(headers['content-security-policy']).split("'sha256-").length, path.endsWith('popup') ? 4 : 3, 'our style, theirs, and the script of a popup')
  }
})

t.test('hostile words of a configuration stay words, with and without a template (T-136)', async (t) => {
  const words = { signInTitle: hostile, signInText: hostile, signedOutTitle: hostile, signedOutText: hostile, lowBalanceText: hostile }
  for (const templateFile of [null, file('template.html')]) {
    const rig = await startRig(t, { config: { pages: { appName: hostile.slice(0, 60), templateFile, texts: { en: { ...words, signInText: `${hostile}{{style}}{{content}}` } } } } })
    for (const path of ['/oauth2/sign_in?lang=en', '/oauth2/sign_out?lang=en']) {
      const { text } = await rig.newBrowser().open(path)
      t.notMatch(text.replace(/<script type="module">new Broad/, ''), /<script|<img/)
      t.match(text, '&lt;script&gt;')
      t.equal(text.split('<h1>').length, 2)
    }
  }
})

t.test('files that no page should carry are refused at the start, with the key that names them', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-dress-'))
  t.teardown(() => rm(folder, { recursive: true }))
  for (const [key, content, message] of [
    ['logoFile', '<html><svg>', 'no SVG, PNG'],
    ['logoFile', 'x'.repeat(64 * 1024 + 1), 'more than 64 KiB'],
    ['templateFile', '<main></main>', '{{content}} exactly once'],
    ['templateFile', '{{content}}{{content}}', '{{content}} exactly once'],
    ['templateFile', '{{content}}{{secret}}', '{{secret}}'],
    ['templateFile', '{{content}}<script src="/x.js"></script>', 'a script'],
    ['templateFile', '{{content}}<body onload="x()">', 'a script'],
    ['templateFile', '{{content}}<base href="//evil.test">', 'a base'],
    ['templateFile', '{{content}}<META HTTP-EQUIV="refresh">', 'a policy']
  ] as const) {
    await writeFile(join(folder, 'file'), content)
    const problems = await problemsOf(t, { over: { pages: { [key]: join(folder, 'file') } } })
    t.ok(problems.some((problem) => problem.path === `pages.${key}` && problem.message.includes(message)), `${content.slice(0, 40)}: ${message}`)
  }
  const [missing] = await problemsOf(t, { over: { pages: { logoFile: join(folder, 'nothing') } } })
  t.match(missing, { path: 'pages.logoFile', message: /ENOENT/ })
})

t.test('whatever the accent, what stands on it and what is written in it can be read (WCAG 1.4.3)', async () => {
  const colour = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`)
  fc.assert(fc.property(colour, (accent) => {
    const [light = '', dark = ''] = render(accentStyle(accent, accent)).split('@media')
    const of = (style: string, name: string): string => new RegExp(`${name}:(#[0-9a-f]{6})`).exec(style)?.[1] ?? ''
    return [[light, '#ffffff'], [dark, '#171b22']].every(([style = '', ground = '']) =>
      contrast(of(style, '--accent'), of(style, '--on-accent')) >= 4.5 && contrast(of(style, '--accent-strong'), of(style, '--on-accent')) >= 4.5 && contrast(of(style, '--link'), ground) >= 4.5)
  }))
})
