import type { Grant } from '../grants.ts'
import { writeScope } from '../scope.ts'
import { html, type Html } from './html.ts'
import type { Page, PageContext } from './send-page.ts'

interface GrantsPage {
  readonly username: string
  readonly grants: readonly (Grant & { readonly appName: string })[]
  readonly wasRevoked: boolean
}

/** User centre > authorization management, E-14. */
export function grantsPage (context: PageContext, { username, grants, wasRevoked }: GrantsPage): Page {
  const { texts, language } = context
  return {
    title: texts.authorizations,
    content: html`<form method="post" action="/logout?lang=${language}">
<p>${texts.signedInAs} <strong>${username}</strong> <button data-action="sign-out">${texts.signOut}</button></p>
</form>
${wasRevoked ? html`<p role="status">${texts.revoked}</p>` : ''}
${grants.length === 0 ? html`<p>${texts.noGrants}</p>` : html`<ul>${grants.map((grant) => grantItem(context, grant))}</ul>`}`
  }
}

function grantItem ({ texts, language }: PageContext, grant: Grant & { readonly appName: string }): Html {
  return html`<li><form method="post" action="/user/authorizations?lang=${language}">
<strong>${grant.appName}</strong>: ${writeScope(grant.scope)} <small>(${texts.since} ${new Date(grant.grantedAt).toISOString()})</small>
<button name="client_id" value="${grant.clientId}" data-revoke="${grant.clientId}">${texts.revoke}</button>
</form></li>`
}
