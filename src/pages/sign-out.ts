import { html, type Html } from './html.ts'
import { textsOf, type Page, type PageOptions } from './layout.ts'

interface SignOutPageOptions extends PageOptions {
  /** Null when AIHubMix gave no name. */
  readonly username: string | null
  /** Where "stay signed in" leads. Checked by the caller. */
  readonly returnHref: string
}

function whoIsSignedIn (username: string | null, label: string): Html | null {
  if (username === null) return null
  // AIHubMix names are free text: bdi keeps one written right to left from turning the line around it.
  return html`<div class="panel"><h2>${label}</h2><p><bdi class="who">${username}</bdi></p></div>`
}

/** Asks before signing out: a form, because a link could be followed by a prefetch or by another site's image. */
export function signOutPage (options: SignOutPageOptions): Page {
  const { signOut } = textsOf(options)
  const body = html`<p>${signOut.text}</p>
${whoIsSignedIn(options.username, signOut.signedInAs)}
<form method="post" action="/oauth2/sign_out"><button class="button" type="submit">${signOut.action}</button></form>
<a class="button plain" href="${options.returnHref}">${signOut.cancel}</a>`
  return { ...options, title: signOut.title, body }
}
