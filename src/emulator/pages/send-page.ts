import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { urlOf } from '../body.ts'
import { html, type Html } from './html.ts'
import { type Language, languageOf, languages } from './language.ts'
import { type Texts, texts } from './texts.ts'

/** What every page is written with. */
export interface PageContext {
  readonly language: Language
  readonly texts: Texts
}

export interface Page {
  readonly title: string
  readonly content: Html
  readonly status?: number
}

const style = [
  ':root{color-scheme:light dark;--line:#8884;--accent:#2563eb}',
  '*{box-sizing:border-box}',
  'body{margin:0;font:16px/1.6 system-ui,"Noto Sans CJK TC","PingFang TC","Microsoft YaHei",sans-serif;background:Canvas;color:CanvasText}',
  'main{max-width:30rem;margin:3rem auto;padding:0 1.25rem}',
  'header{padding:.5rem 1.25rem;border-bottom:1px solid var(--line);font-size:.875rem}',
  'footer{max-width:30rem;margin:3rem auto;padding:1rem 1.25rem;border-top:1px solid var(--line);font-size:.875rem}',
  'h1{font-size:1.5rem;line-height:1.3}h2{font-size:1rem;margin-top:2rem}',
  'button{font:inherit;padding:.4rem .9rem;margin:.2rem .2rem .2rem 0;border:1px solid var(--line);border-radius:.5rem;background:Canvas;color:CanvasText;cursor:pointer;overflow-wrap:anywhere}',
  'button.primary{background:var(--accent);border-color:var(--accent);color:#fff}',
  'button:focus-visible,input:focus-visible,select:focus-visible,a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}',
  'label{display:block;margin:.75rem 0}input,select{font:inherit;display:block;width:100%;padding:.4rem .6rem;border:1px solid var(--line);border-radius:.5rem;background:Canvas;color:CanvasText}',
  'li{margin:.5rem 0;overflow-wrap:anywhere}.balance{font-size:2rem}',
  'dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dd{margin:0}'
].join('\n')

// No form-action: browsers apply it to redirects as well, and would keep the code from reaching the client.
const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; frame-ancestors 'none'`

export function pageContext (request: FastifyRequest): PageContext {
  const language = languageOf(request)
  return { language, texts: texts[language] }
}

export function sendPage (request: FastifyRequest, reply: FastifyReply, page: Page): FastifyReply {
  const context = pageContext(request)
  return reply
    .code(page.status ?? 200)
    .headers({ 'cache-control': 'no-store', 'content-security-policy': contentSecurityPolicy, 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' })
    .type('text/html; charset=utf-8')
    .send(layout(context, page, request).markup)
}

function layout ({ language, texts }: PageContext, { title, content }: Page, request: FastifyRequest): Html {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · AIHubMix emulator</title>
<style>${{ markup: style }}</style>
</head>
<body>
<header><a href="/status?lang=${language}"><strong>AIHubMix emulator</strong></a> · ${texts.notice}</header>
<main>
<h1>${title}</h1>
${content}
</main>
<footer>${request.method === 'GET' ? languageLinks(request, language) : ''}</footer>
</body>
</html>
`
}

const languageNames: Readonly<Record<Language, string>> = { 'zh-Hant': '繁體中文', 'zh-Hans': '简体中文', en: 'English' }

function languageLinks (request: FastifyRequest, current: Language): Html {
  const links = languages.filter((language) => language !== current).map((language) => {
    const here = urlOf(request)
    here.searchParams.set('lang', language)
    return html`<a href="${here.pathname}${here.search}" lang="${language}" hreflang="${language}">${languageNames[language]}</a> `
  })
  return html`<nav>${links}</nav>`
}
