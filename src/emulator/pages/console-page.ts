import type { RegisteredApp } from '../apps.ts'
import type { Fault } from '../faults/fault.ts'
import { html, type Html } from './html.ts'
import type { Page, PageContext } from './send-page.ts'

interface ConsolePage {
  readonly apps: readonly RegisteredApp[]
  readonly faults: readonly Fault[]
  /** The secret that was just asked for; null when it was shown before. */
  readonly secret?: string | null
}

/** The developer console, E-16, with the faults in force. */
export function consolePage (context: PageContext, { apps, faults, secret }: ConsolePage): Page {
  const { texts } = context
  return {
    title: texts.console,
    content: html`${secret === undefined ? '' : html`<p role="status">${secret === null ? texts.secretShown : html`<code data-secret>${secret}</code>`}</p>`}
<h2>${texts.apps}</h2>
${apps.length === 0 ? html`<p>${texts.noApps}</p>` : html`<ul>${apps.map((app) => appItem(context, app))}</ul>`}
${faults.length === 0 ? '' : html`<h2>Faults</h2><ul>${faults.map(({ kind, args }) => html`<li><code>${kind} ${JSON.stringify(args ?? {})}</code></li>`)}</ul>`}`
  }
}

function appItem ({ texts, language }: PageContext, { name, clientId, redirectUri }: RegisteredApp): Html {
  return html`<li><form method="post" action="/console/apps?lang=${language}">
<strong>${name}</strong><br>client_id <code>${clientId}</code><br>redirect_uri <code>${redirectUri}</code><br>
<button name="client_id" value="${clientId}" data-secret-of="${clientId}">${texts.showSecret}</button>
</form></li>`
}
