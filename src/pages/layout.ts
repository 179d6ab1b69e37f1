import { html, render, type Html } from './html.ts'
import type { Locale } from './locale.ts'
import { stylesheet } from './stylesheet.ts'
import { texts } from './texts.ts'

/** What every page is given: its language, and where the same page stands in another one. */
export interface PageOptions {
  readonly locale: Locale
  /** Defaults to `?lang=…` on the address the page was opened with, which drops the rest of its query. */
  readonly languageHref?: ((locale: Locale) => string) | undefined
}

interface PageContent { readonly title: string, readonly body: Html }

const locales: readonly Locale[] = ['en', 'zh-Hant', 'zh-Hans']

// A gate: the only picture we have, so that no page asks the app for an image.
const mark = html`<svg class="mark" viewBox="0 0 44 44" aria-hidden="true" focusable="false"><rect width="44" height="44" rx="12" fill="currentColor"/><path d="M11 33V21a11 11 0 0 1 22 0v12M18 33V22a4 4 0 0 1 8 0v11" fill="none" stroke-width="3" stroke-linecap="round"/></svg>`

function languageLink (locale: Locale, { locale: current, languageHref }: PageOptions): Html {
  const href = languageHref?.(locale) ?? `?lang=${locale}`
  const isCurrent = locale === current ? html` aria-current="true"` : null
  return html`<li><a href="${href}" lang="${locale}" hreflang="${locale}" rel="nofollow"${isCurrent}>${texts[locale].languageName}</a></li>`
}

function languageSwitch (options: PageOptions): Html {
  const links = locales.map((locale) => languageLink(locale, options))
  return html`<nav class="languages" aria-label="${texts[options.locale].languageSwitch}"><ul>${links}</ul></nav>`
}

/** The shell of every page: works without script, asks for no other file, and is not for search engines. */
export function htmlDocument (options: PageOptions, { title, body }: PageContent): string {
  return render(html`<!doctype html>
<html lang="${options.locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${stylesheet}</style>
</head>
<body>
<main>
${mark}
<h1>${title}</h1>
${body}
</main>
<footer>${languageSwitch(options)}</footer>
</body>
</html>
`)
}
