import { html } from './html.ts'
import { htmlDocument, type PageOptions } from './layout.ts'
import { texts } from './texts.ts'

interface SignedOutPageOptions extends PageOptions {
  readonly signInHref: string
}

/** Says that the session has ended here, and that AIHubMix's own login has not. */
export function signedOutPage (options: SignedOutPageOptions): string {
  const { signedOut } = texts[options.locale]
  const body = html`<p>${signedOut.text}</p>
<div class="panel"><p>${signedOut.providerStays}</p></div>
<a class="button" href="${options.signInHref}">${signedOut.action}</a>`
  return htmlDocument(options, { title: signedOut.title, body })
}
