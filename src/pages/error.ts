import type { ErrorCode } from '../errors.ts'
import { html, type Html } from './html.ts'
import { htmlDocument, type PageOptions } from './layout.ts'
import { texts } from './texts.ts'

interface ErrorPageOptions extends PageOptions {
  readonly code: ErrorCode
  readonly status: number
  /** The id in the log line of this request: all that connects the page with what really happened. */
  readonly requestId: string
  /** Where the action leads; no button when it or `actionKind` is null. Checked by the caller. */
  readonly actionHref: string | null
  readonly actionKind: 'sign-in' | 'retry' | 'home' | null
}

function actionButton ({ locale, actionHref, actionKind }: ErrorPageOptions): Html | null {
  if (actionHref === null || actionKind === null) return null
  return html`<a class="button" href="${actionHref}">${texts[locale].error.actions[actionKind]}</a>`
}

function reference ({ locale, status, code, requestId }: ErrorPageOptions): Html {
  const { error } = texts[locale]
  return html`<dl>
<dt>${error.status}</dt><dd>${status}</dd>
<dt>${error.code}</dt><dd>${code}</dd>
<dt>${error.requestId}</dt><dd id="request-id">${requestId}</dd>
</dl>`
}

/** What happened, what to do now and what to tell the operator. Shows our own texts only, never what somebody sent. */
export function errorPage (options: ErrorPageOptions): string {
  const { error, errors } = texts[options.locale]
  const { title, text, nextStep } = errors[options.code]
  const body = html`<p>${text}</p>
<div class="panel"><h2>${error.nextStep}</h2><p>${nextStep}</p></div>
${actionButton(options)}
${reference(options)}`
  return htmlDocument(options, { title, body })
}
