import { html, type Html } from './html.ts'
import { textsOf, type Page, type PageOptions } from './layout.ts'
import type { PageTexts } from './page-texts.ts'

interface SignInPageOptions extends PageOptions {
  /** The app's host, as the user knows it from the address bar. */
  readonly host: string
  readonly scopes: readonly string[]
  /** Where the sign-in starts. Checked by the caller: escaping does not make an address safe to follow. */
  readonly startHref: string
  /** True when AIHubMix grants without asking; then this page is the only one that tells the user what is granted. */
  readonly autoAuthorize: boolean
}

function scopeItem (scope: string, { scopes, otherScope }: PageTexts['signIn']): Html {
  const words = scope === 'profile' || scope === 'balance' ? scopes[scope] : otherScope(scope)
  return html`<li>${words}</li>`
}

/** Says which app asks AIHubMix for what, with one link that starts the sign-in. */
export function signInPage (options: SignInPageOptions): Page {
  const { signIn } = textsOf(options)
  const appName = options.appearance?.appName ?? null
  const body = html`${signIn.welcome === null ? null : html`<p>${signIn.welcome}</p>\n`}<p>${appName === null ? null : html`<bdi class="who">${appName}</bdi> `}<bdi class="${appName === null ? 'who' : 'quiet'}">${options.host}</bdi> ${signIn.asks}</p>
<div class="panel"><ul>${options.scopes.map((scope) => scopeItem(scope, signIn))}</ul></div>
<p class="quiet">${options.autoAuthorize ? signIn.grantsAtOnce : signIn.asksFirst}</p>
<a class="button" href="${options.startHref}">${signIn.action}</a>
<p class="quiet">${signIn.keepsTokens}</p>`
  return { ...options, title: signIn.title, body }
}
