import type { IncomingMessage } from 'node:http'
import { html, render, type Html } from '../pages/html.ts'
import { receivedHeaders, visitor, type Visitor } from './received-headers.ts'

// The three states of the guide's sample: checking, signed in, signed out. The SDK shows one of them.
const otherStates = html`<section class="wide" data-aihubmix-when="loading" role="status" hidden><p>Checking who is signed in …</p></section>
<section class="wide" data-aihubmix-when="unavailable" hidden><p>The gateway does not answer just now. Reload the page in a moment.</p></section>
<section class="wide" id="login" data-aihubmix-when="signed-out" aria-labelledby="please" hidden>
<h2 id="please">Sign in to see your account</h2>
<p>One click at AIHubMix, and you are back here.</p>
<div class="actions"><button class="button main" id="sign-in" type="button" data-aihubmix-click="signIn">Sign in with AIHubMix</button></div>
</section>`

function whoYouAre ({ userId, email }: Visitor): Html {
  return html`<section data-aihubmix-when="signed-in" aria-labelledby="who">
<h2 id="who">Who you are</h2>
<dl><dt>User</dt><dd id="user-id">${userId ?? 'unknown'}</dd><dt>Name</dt><dd id="username">unknown</dd><dt>E-mail</dt><dd id="email">${email ?? 'unknown'}</dd></dl>
<div class="actions"><button class="button" id="sign-out" type="button" data-aihubmix-click="signOut">Sign out</button></div>
</section>`
}

function yourBalance ({ balance }: Visitor): Html {
  const unknown = balance === null ? html` class="unknown"` : null
  return html`<section data-aihubmix-when="signed-in" aria-labelledby="money">
<h2 id="money">Your balance</h2>
<p id="balance"${unknown}>${balance ?? 'unknown'}</p>
<p id="notice" role="status"></p>
<div class="actions">
<button class="button main" id="topup" type="button" data-aihubmix-click="topUp">Top up</button>
<button class="button" id="refresh" type="button" data-aihubmix-click="refreshBalance">Refresh balance</button>
</div>
</section>`
}

const liveConnections = html`<section class="wide" data-aihubmix-when="signed-in" aria-labelledby="live">
<h2 id="live">Live through the gateway</h2>
<dl><dt>Events (SSE)</dt><dd id="sse">connecting</dd><dt>WebSocket</dt><dd id="ws">connecting</dd></dl>
<form id="say"><input name="text" value="hello" maxlength="200" aria-label="Text to send over the WebSocket" autocomplete="off"><button class="button" type="submit">Send</button></form>
</section>`

function headersTable (request: IncomingMessage): Html {
  const rows = receivedHeaders(request).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)
  return html`<section class="wide" data-aihubmix-when="signed-in" aria-labelledby="headers">
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
<script type="module" src="/app.js" data-aihubmix></script>
</head>
<body>
<header>
<div><h1>Sample app</h1><p>It knows nothing of OAuth: it reads the headers that the gateway sends.</p></div>
<p>You asked for <span id="path">${request.url ?? '/'}</span></p>
</header>
<main>${otherStates}${whoYouAre(you)}${yourBalance(you)}${liveConnections}${headersTable(request)}</main>
</body>
</html>
`)
}
