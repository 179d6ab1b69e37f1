import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { startEmulator, type Emulator } from '../../src/emulator/emulator.ts'
import { createGateway } from '../../src/gateway.ts'
import { openStore } from '../../src/session/open-store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { startUpstream, type Answer, type TestUpstream } from '../rig/upstream.ts'

interface Teardown { after (undo: () => unknown): void }

/** What a browser of a test opens: gateway, app and AIHubMix on loopback, at two sites (localhost and 127.0.0.1). */
export interface Site {
  readonly origin: string
  readonly emulator: Emulator
  readonly upstream: TestUpstream
  readonly logged: () => string
  /** Ends every session, as an operator would. */
  endSessions (): Promise<void>
}

interface SiteOptions {
  /** Sections merged over the site's configuration. */
  readonly config?: Readonly<Record<string, object>>
  /** Another host with the same app behind it, that shares no domain with the site's own. */
  readonly otherHost?: string
  /** Answers what the site's own pages do not. */
  readonly app?: Answer
}

const client = { clientId: 'client_site', clientSecret: 'secret_of_the_site_client', name: 'Site' }

export async function startSite (t: Teardown, { config = {}, otherHost, app = answerWithPage }: SiteOptions = {}): Promise<Site> {
  const emulator = await startEmulator()
  const upstream = await startUpstream(app)
  const port = await freePort()
  const origin = `http://localhost:${port}`
  emulator.registerApp({ ...client, redirectUri: `${origin}/oauth2/callback` })
  const { config: loaded } = await loadFrom({
    server: { publicUrl: origin },
    aihubmix: { clientId: client.clientId, clientSecret: client.clientSecret, browserUrl: emulator.url, serverUrl: emulator.url, ...config['aihubmix'] },
    routes: [
      { path: '/', upstream: upstream.url, access: 'anyone' },
      { path: '/private', upstream: upstream.url },
      { path: '/rich', upstream: upstream.url, minBalance: '100000' },
      { path: '/staff', upstream: upstream.url, allow: { usernames: ['nobody-at-all'] } },
      { path: '/gone', upstream: 'http://127.0.0.1:1' },
      ...(otherHost === undefined ? [] : [{ host: otherHost, path: '/', upstream: upstream.url, access: 'anyone' }, { host: otherHost, path: '/private', upstream: upstream.url }])
    ],
    identity: { maxAge: '5s', ...config['identity'] },
    ...(config['pages'] === undefined ? {} : { pages: config['pages'] })
  })
  const lines: string[] = []
  const log = createLog('trace', { write: (line) => { lines.push(line) } })
  const store = openStore(loaded, log.log)
  const ids: string[] = []
  const gateway = await createGateway({ config: loaded, log, metrics: createMetrics('0.0.0-test'), now: emulator.clock.trueNow, store: { ...store, create: async (id, ...rest) => { ids.push(id); await store.create(id, ...rest) } } })
  await gateway.app.listen({ host: 'localhost', port })
  t.after(async () => {
    await gateway.close(0)
    await Promise.all([store.close(), emulator.close(), upstream.close()])
  })
  return { origin, emulator, upstream, logged: () => lines.join(''), async endSessions () { await Promise.all(ids.map((id) => store.delete(id))) } }
}

async function loadFrom (tree: object): ReturnType<typeof loadConfig> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-site-'))
  try {
    await writeFile(join(folder, 'config.json'), JSON.stringify(tree))
    return await loadConfig({ file: join(folder, 'config.json'), env: {} })
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function freePort (): Promise<number> {
  const probe = createServer().listen(0, 'localhost')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A page as strict as a page can be: no inline script or style, no markup from text. */
export const strictPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'"

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Test page</title>
<link rel="icon" href="data:,">
<script type="module" src="/oauth2/sdk.js" data-aihubmix></script>
<script type="module" src="/oauth2/elements.js"></script>
<main>
<h1>Test page</h1>
<p data-aihubmix-when="loading">…</p>
<p data-aihubmix-when="unavailable">unavailable</p>
<div data-aihubmix-when="signed-out"><button id="in" data-aihubmix-click="signIn">Sign in</button></div>
<div data-aihubmix-when="signed-in">
<p id="name" data-aihubmix-text="username"></p><p id="balance" data-aihubmix-text="balance"></p>
<button id="refresh" data-aihubmix-click="refreshBalance">Refresh</button>
<button id="topup" data-aihubmix-click="topUp">Top up</button>
<button id="out" data-aihubmix-click="signOut">Sign out</button>
</div>
<aihubmix-sign-in></aihubmix-sign-in>
<aihubmix-user></aihubmix-user>
</main>
</html>
`

const answerWithPage: Answer = (request, response) => {
  if (request.url?.startsWith('/private/json') === true) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ method: request.method, user: request.headers['x-user-id'] }))
    return
  }
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.setHeader('content-security-policy', strictPolicy)
  if (request.url?.includes('coop') === true) response.setHeader('cross-origin-opener-policy', 'same-origin')
  response.end(page)
}
