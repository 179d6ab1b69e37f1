import type { Fault } from '../faults/fault.ts'
import type { RecordedRequest } from '../requests.ts'
import { html, type Html } from './html.ts'
import type { Page, PageContext } from './send-page.ts'

interface StatusPage {
  readonly faults: readonly Fault[]
  readonly presets: readonly string[]
  /** Epoch milliseconds. */
  readonly now: number
  readonly clockSkewMs: number
  readonly counts: readonly (readonly [name: string, count: number])[]
  /** Newest first. */
  readonly requests: readonly RecordedRequest[]
}

/** What the emulator does just now, and the few switches that a person wants at hand. No secret and no token is on it. */
export function statusPage (context: PageContext, { faults, presets, now, clockSkewMs, counts, requests }: StatusPage): Page {
  const { texts, language } = context
  const action = `/status?lang=${language}`
  return {
    title: texts.status,
    content: html`<h2>${texts.faultsInForce}</h2>
${faults.length === 0 ? html`<p data-faults="0">${texts.noFaults}</p>` : html`<ul data-faults="${faults.length}">${faults.map(faultItem)}</ul>`}
<form method="post" action="${action}">
<label>${texts.preset} <select name="preset">${presets.map((preset) => html`<option>${preset}</option>`)}</select></label>
<button class="primary" name="do" value="load" data-action="load">${texts.loadPreset}</button>
<button name="do" value="clear" data-action="clear">${texts.clearFaults}</button>
</form>
<h2>${texts.clock}</h2>
<p><time datetime="${new Date(now).toISOString()}">${new Date(now).toISOString()}</time>${clockSkewMs === 0 ? '' : ` (${clockSkewMs} ms)`}</p>
<form method="post" action="${action}">
${['5m', '2h', '30d'].map((by) => html`<button name="advance" value="${by}" data-advance="${by}">+ ${by}</button>\n`)}
<button name="do" value="revoke" data-action="revoke-all">${texts.revokeAll}</button>
</form>
<h2>${texts.calls}</h2>
<dl>${counts.map(([name, count]) => html`<dt><code>${name}</code></dt><dd data-count="${name}">${count}</dd>`)}</dl>
<h2>${texts.lastRequests}</h2>
${requests.length === 0 ? html`<p>${texts.noRequests}</p>` : html`<ol>${requests.map(requestItem)}</ol>`}
<p>${texts.controlHint} <code>/__emulator/state</code></p>`
  }
}

function faultItem ({ kind, endpoint, ...rest }: Fault): Html {
  const details = JSON.stringify(rest, (_name, value: unknown) => typeof value === 'bigint' ? String(value) : value)
  return html`<li><code>${kind}</code>${endpoint === undefined ? '' : html` @ <code>${endpoint}</code>`} <code>${details}</code></li>`
}

/** Without the query: it may hold a code. */
function requestItem ({ method, path, at }: RecordedRequest): Html {
  return html`<li><code>${method} ${path}</code> <small>${new Date(at).toISOString()}</small></li>`
}
