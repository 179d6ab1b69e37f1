import { html, type Html } from './html.ts'
import type { Page, PageContext } from './send-page.ts'

/** What a user can pay, in whole units of money. */
export const topupAmounts: readonly number[] = [5, 10, 20, 50, 100]

interface TopupPage {
  readonly username: string
  readonly balance: string
  readonly token: string
  /** Where the app wants the user back, or null. */
  readonly returnTo: string | null
}

export function topupPage ({ texts, language }: PageContext, { username, balance, token, returnTo }: TopupPage): Page {
  return {
    title: texts.topup,
    content: html`<p>${texts.signedInAs} <strong>${username}</strong></p>
${balanceLine(texts.balance, balance)}
<form method="post" action="/topup?lang=${language}">
<input type="hidden" name="token" value="${token}">
<input type="hidden" name="return_to" value="${returnTo ?? ''}">
${topupAmounts.map((amount) => html`<button class="primary" name="amount" value="${amount}" data-amount="${amount}">+ ${amount}</button>\n`)}
</form>
${backLink(texts.back, returnTo)}`
  }
}

export function paidPage ({ texts }: PageContext, { balance, returnTo, isPending }: Omit<TopupPage, 'token' | 'username'> & { readonly isPending: boolean }): Page {
  return {
    title: texts.topup,
    content: html`<p role="status">${isPending ? texts.topupPending : texts.topupDone}</p>
${balanceLine(texts.balance, balance)}
${backLink(texts.back, returnTo)}`
  }
}

function balanceLine (label: string, balance: string): Html {
  return html`<p>${label}: <strong class="balance" data-balance="${balance}">${balance}</strong></p>`
}

function backLink (label: string, returnTo: string | null): Html {
  return returnTo === null ? html`` : html`<p><a href="${returnTo}" rel="noreferrer" data-action="back">${label}</a></p>`
}
