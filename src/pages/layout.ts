import { plain, type Appearance } from './appearance.ts'
import { html, render, type Html } from './html.ts'
import type { Locale } from './locale.ts'
import type { PageTexts } from './page-texts.ts'
import { fillIn } from './template.ts'

/** What every page is given: its language, where the same page stands in another one, and how the operator wants it to look. */
export interface PageOptions {
  readonly locale: Locale
  /** Defaults to `?lang=…` on the address the page was opened with, which drops the rest of its query. */
  readonly languageHref?: ((locale: Locale) => string) | undefined
  readonly appearance?: Appearance | undefined
}

/** A page before it is dressed: what it says, and the one script it may have. */
export interface Page extends PageOptions {
  readonly title: string
  readonly body: Html
  /** Constant, since its hash stands in the policy. The page must be whole without it. */
  readonly script?: Html
}

const locales: readonly Locale[] = ['en', 'zh-Hant', 'zh-Hans']

// A gate: the only picture we have, so that no page asks the app for an image.
const gate = html`<svg class="mark" viewBox="0 0 44 44" aria-hidden="true" focusable="false"><rect width="44" height="44" rx="12" fill="currentColor"/><path d="M11 33V21a11 11 0 0 1 22 0v12M18 33V22a4 4 0 0 1 8 0v11" fill="none" stroke-width="3" stroke-linecap="round"/></svg>`

/** What a page says in its language, the operator's words included. */
export function textsOf ({ locale, appearance = plain }: PageOptions): PageTexts {
  return appearance.texts[locale]
}

function languageLink (locale: Locale, { locale: current, languageHref, appearance = plain }: PageOptions): Html {
  const href = languageHref?.(locale) ?? `?lang=${locale}`
  const isCurrent = locale === current ? html` aria-current="true"` : null
  return html`<li><a href="${href}" lang="${locale}" hreflang="${locale}" rel="nofollow"${isCurrent}>${appearance.texts[locale].languageName}</a></li>`
}

function languageSwitch (page: Page): Html {
  const links = locales.map((locale) => languageLink(locale, page))
  return html`<nav class="languages" aria-label="${textsOf(page).languageSwitch}"><ul>${links}</ul></nav>`
}

/** Links the operator configured; the other site is not told which page they were on. */
function furtherLinks (page: Page): Html | null {
  const { authorizationsUrl, supportUrl } = page.appearance ?? plain
  const { footer } = textsOf(page)
  const links = ([[authorizationsUrl, footer.authorizations], [supportUrl, footer.support]] as const)
    .flatMap(([href, words]) => href === null ? [] : [html`<li><a href="${href}" rel="noreferrer">${words}</a></li>`])
  return links.length === 0 ? null : html`<ul class="further">${links}</ul>`
}

function mark ({ appearance = plain }: Page): Html {
  const { logo, appName } = appearance
  return logo === null ? gate : html`<img class="logo" src="${logo}" alt="${appName ?? ''}">`
}

/** The page as it is sent: works without script, asks for no other file, and is not for search engines. */
export function renderPage (page: Page): string {
  const { template, stylesheet } = page.appearance ?? plain
  const script = page.script === undefined ? null : html`<script type="module">${page.script}</script>\n`
  if (template === null) return render(shell(page, stylesheet, script))
  return fillIn(template, {
    lang: html`${page.locale}`,
    title: html`${page.title}`,
    logo: mark(page),
    content: html`${page.body}${script}`,
    languages: html`${languageSwitch(page)}${furtherLinks(page)}`,
    style: html`<style>${stylesheet}</style>`
  })
}

function shell (page: Page, stylesheet: Html, script: Html | null): Html {
  return html`<!doctype html>
<html lang="${page.locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${page.title}</title>
<link rel="icon" href="data:,">
<style>${stylesheet}</style>
</head>
<body>
<main>
${mark(page)}
<h1>${page.title}</h1>
${page.body}
</main>
<footer>${languageSwitch(page)}${furtherLinks(page)}</footer>
${script}</body>
</html>
`
}
