import { html } from './html.ts'
import { textsOf, type Page, type PageOptions } from './layout.ts'

/**
 * The session stands when this page opens: it only says so to the page that waits, over a channel that no opener policy cuts, and
 * goes when that page has seen it. `again`: a late answer took the cookie along, so the sign-in is done once more.
 */
const script = html`const channel = new BroadcastChannel('aihubmix-gateway')
channel.onmessage = ({ data }) => {
if (data === 'close') close()
if (data === 'again') location.replace('/oauth2/start?mode=popup')
}
channel.postMessage('signed-in')
setTimeout(close, 5000)`

/** What a popup ends with. Where a browser does not let it close itself, it says that it can be closed. */
export function popupPage (options: PageOptions): Page {
  const { popup } = textsOf(options)
  const body = html`<p role="status">${popup.text}</p>
<a class="button plain" href="/">${popup.action}</a>`
  return { ...options, title: popup.title, body, script }
}
