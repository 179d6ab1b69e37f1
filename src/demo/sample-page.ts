import type { IncomingMessage } from 'node:http'
import { html, render, type Html } from '../pages/html.ts'
import { receivedHeaders, visitor, type Visitor } from './received-headers.ts'

function whoYouAre ({ userId, email }: Visitor): Html {
  return html`<section aria-labelledby="who">
<h2 id="who">Who you are</h2>
<dl><dt>User</dt><dd id="user-id">${userId ?? 'unknown'}</dd><dt>E-mail</dt><dd id="email">${email ?? 'unknown'}</dd></dl>
<form class="actions" method="post" action="/oauth2/sign_out"><button class="button" id="sign-out" type="submit">Sign out</button></form>
</section>`
}

function yourBalance ({ balance }: Visitor): Html {
  const unknown = balance === null ? html` class="unknown"` : null
  return html`<section aria-labelledby="money">
<h2 id="money">Your balance</h2>
<p id="balance"${unknown}>${balance ?? 'unknown'}</p>
<p id="notice" role="status"></p>
<div class="actions">
<a class="button main" id="topup" href="/oauth2/topup" target="_blank" rel="noopener noreferrer">Top up</a>
<button class="button" id="refresh" type="button">Refresh balance</button>
</div>
</section>`
}

const liveConnections = html`<section class="wide" aria-labelledby="live">
<h2 id="live">Live through the gateway</h2>
<dl><dt>Events (SSE)</dt><dd id="sse">connecting</dd><dt>WebSocket</dt><dd id="ws">connecting</dd></dl>
<form id="say"><input name="text" value="hello" maxlength="200" aria-label="Text to send over the WebSocket" autocomplete="off"><button class="button" type="submit">Send</button></form>
</section>`

function headersTable (request: IncomingMessage): Html {
  const rows = receivedHeaders(request).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)
  return html`<section class="wide" aria-labelledby="headers">
<h2 id="headers">What the gateway told this app</h2>
<table><tbody>${rows}</tbody></table>
</section>`
}

/** The one page of the sample app, for any address: everything on it comes from the request's headers. */
export function samplePage (request: IncomingMessage): string {
  const you = visitor(request)
  return render(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sample app behind aihubmix-gateway</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/app.css">
<script type="module" src="/app.js"></script>
</head>
<body>
<header>
<div><h1>Sample app</h1><p>It knows nothing of OAuth: it reads the headers that the gateway sends.</p></div>
<p>You asked for <span id="path">${request.url ?? '/'}</span></p>
</header>
<main>${whoYouAre(you)}${yourBalance(you)}${liveConnections}${headersTable(request)}</main>
</body>
</html>
`)
}
