import type { ErrorCode } from '../errors.ts'
import { html, type Html } from './html.ts'
import { textsOf, type Page, type PageOptions } from './layout.ts'
import type { PageTexts } from './page-texts.ts'

/** What a person can do next. Where a link leads is checked by the caller. */
export interface ErrorAction {
  readonly kind: keyof PageTexts['error']['actions']
  /** Null for what takes a form: another account begins with a sign-out. */
  readonly href: string | null
}

interface ErrorPageOptions extends PageOptions {
  readonly code: ErrorCode
  readonly status: number
  /** The id in the log line of this request: all that connects the page with what really happened. */
  readonly requestId: string
  /** The first is the one to press. */
  readonly actions: readonly ErrorAction[]
}

function actionButton ({ kind, href }: ErrorAction, index: number, { actions }: PageTexts['error']): Html {
  const style = index === 0 ? 'button' : 'button plain'
  return href === null
    ? html`<form method="post" action="/oauth2/sign_out"><button class="${style}" type="submit">${actions[kind]}</button></form>`
    : html`<a class="${style}" href="${href}">${actions[kind]}</a>`
}

/** What happened, what to do now and what to tell the operator. Shows our own texts only, never what somebody sent. */
export function errorPage (options: ErrorPageOptions): Page {
  const { error, errors } = textsOf(options)
  const { title, text, nextStep } = errors[options.code]
  const body = html`<p>${text}</p>
<div class="panel"><h2>${error.nextStep}</h2><p>${nextStep}</p></div>
${options.actions.map((action, index) => actionButton(action, index, error))}
<dl>
<dt>${error.status}</dt><dd>${options.status}</dd>
<dt>${error.code}</dt><dd>${options.code}</dd>
<dt>${error.requestId}</dt><dd id="request-id">${options.requestId}</dd>
</dl>`
  return { ...options, title, body }
}
