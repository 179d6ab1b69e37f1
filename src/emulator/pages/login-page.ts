import { html, type Html } from './html.ts'
import type { Page, PageContext } from './send-page.ts'

interface LoginPage {
  readonly appName: string | null
  readonly usernames: readonly string[]
  /** Where to go on afterwards: a path of the emulator. */
  readonly next: string
  readonly isUnknownUser?: boolean
}

export function loginPage ({ texts, language }: PageContext, { appName, usernames, next, isUnknownUser = false }: LoginPage): Page {
  const action = `/login?lang=${language}`
  return {
    title: texts.signIn,
    status: isUnknownUser ? 401 : 200,
    content: html`${appName === null ? '' : html`<p>${texts.signInTo} <strong>${appName}</strong></p>`}
${isUnknownUser ? html`<p role="alert">${texts.unknownUser}</p>` : ''}
<h2 id="pick">${texts.pickUser}</h2>
<form method="post" action="${action}" aria-labelledby="pick">
<input type="hidden" name="next" value="${next}">
${usernames.map(userButton)}
</form>
<h2 id="type">${texts.orType}</h2>
<form method="post" action="${action}" aria-labelledby="type">
<input type="hidden" name="next" value="${next}">
<label>${texts.username} <input name="username" autocomplete="username" required></label>
<label>${texts.password} <input name="password" type="password" autocomplete="current-password"></label>
<button class="primary" data-action="sign-in">${texts.signIn}</button>
</form>`
  }
}

function userButton (username: string): Html {
  return html`<button name="username" value="${username}" data-user="${username}">${username}</button>\n`
}
