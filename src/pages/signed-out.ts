import { html } from './html.ts'
import { textsOf, type Page, type PageOptions } from './layout.ts'

interface SignedOutPageOptions extends PageOptions {
  readonly signInHref: string
}

// Tabs that still show the user look again.
const script = html`new BroadcastChannel('aihubmix-gateway').postMessage('null')`

/** Says that the session has ended here, and that AIHubMix's own login has not. */
export function signedOutPage (options: SignedOutPageOptions): Page {
  const { signedOut } = textsOf(options)
  const body = html`<p>${signedOut.text}</p>
<div class="panel"><p>${signedOut.providerStays}</p></div>
<a class="button" href="${options.signInHref}">${signedOut.action}</a>`
  return { ...options, title: signedOut.title, body, script }
}
