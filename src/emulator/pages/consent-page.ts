import type { AuthorizationRequest } from '../authorization.ts'
import { html } from './html.ts'
import type { Page, PageContext } from './send-page.ts'

/** The question of E-11; `next` is the authorization request it is about, as a path. */
export function consentPage ({ texts, language }: PageContext, { app, scope }: AuthorizationRequest, username: string, next: string): Page {
  const scopeText = { profile: texts.scopeProfile, balance: texts.scopeBalance }
  return {
    title: texts.consentTitle,
    content: html`<p><strong>${app.name}</strong> ${texts.wantsAccess}</p>
${app.description === '' ? '' : html`<p>${app.description}</p>`}
<ul>${scope.map((name) => html`<li><code>${name}</code>: ${scopeText[name]}</li>`)}</ul>
<form method="post" action="/consent?lang=${language}">
<input type="hidden" name="next" value="${next}">
<button class="primary" name="decision" value="allow" data-action="allow">${texts.allow}</button>
<button name="decision" value="profile" data-action="profile">${texts.onlyProfile}</button>
<button name="decision" value="deny" data-action="deny">${texts.deny}</button>
</form>
<form method="post" action="/logout?lang=${language}">
<input type="hidden" name="next" value="${next}">
<p>${texts.signedInAs} <strong>${username}</strong> <button data-action="sign-out">${texts.signOut}</button></p>
</form>`
  }
}
