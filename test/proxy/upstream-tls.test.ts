import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { createAuthority, type TestCertificate } from '../rig/certificates.ts'
import { protocols, startGatewayBefore, type Protocol } from '../rig/exchange.ts'

const authority = createAuthority()
const stranger = createAuthority()
const ca = authority.caFile

interface TlsApp {
  readonly url: string
  /** Requests that arrived, with the names the handshake asked for and the client's certificate. */
  readonly seen: { readonly target: string | undefined, readonly serverName: string | false | null | undefined, readonly clientName: string | undefined, readonly isResumed: boolean }[]
  readonly server: ReturnType<typeof createServer>
}

async function startTlsApp (t: Test, { certFile, keyFile }: TestCertificate, options: ServerOptions = {}): Promise<TlsApp> {
  const seen: TlsApp['seen'] = []
  const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile), ...options }, (request, response) => {
    const socket = request.socket as TLSSocket
    seen.push({ target: request.url, serverName: socket.servername, clientName: socket.getPeerCertificate().subjectaltname, isResumed: socket.isSessionReused() })
    response.end('over TLS')
  }).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server }
}

/** A GET and a POST, and what they came to. */
async function askBoth (t: Test, protocol: Protocol, app: TlsApp, tls: object) {
  const rig = await startGatewayBefore(t, protocol, app.url, { tls })
  const get = rig.client.ask('/a')
  const post = rig.client.ask('/b', { method: 'POST', hasBody: true })
  post.upload.on('error', () => {}).end('body')
  const statuses = [(await get.head).status, (await post.head).status]
  return { statuses, text: (await get.read()).body.toString(), logged: rig.logged() }
}

for (const protocol of protocols) {
  t.test(`${protocol}: an app whose certificate is signed by the authority of the route, for its address, is reached`, async (t) => {
    const app = await startTlsApp(t, authority.issue('IP:127.0.0.1'))
    const { statuses, text } = await askBoth(t, protocol, app, { ca })
    t.strictSame([statuses, text], [[200, 200], 'over TLS'])
    t.strictSame(app.seen.map(({ target, serverName }) => [target, serverName]), [['/a', false], ['/b', false]], 'and an address is never sent as a name (RFC 6066 §3)')
  })

  t.test(`${protocol}: the name of the route is what the app is asked for and checked against, and not the browser's Host`, async (t) => {
    const app = await startTlsApp(t, authority.issue('DNS:app.internal'))
    const { statuses } = await askBoth(t, protocol, app, { ca, serverName: 'app.internal' })
    t.strictSame(statuses, [200, 200])
    t.strictSame(app.seen.map(({ serverName }) => serverName), ['app.internal', 'app.internal'])
  })

  const refusals: Readonly<Record<string, { readonly certificate: () => TestCertificate, readonly tls: object, readonly logged: RegExp }>> = {
    'is signed by another authority than the route\'s': { certificate: () => stranger.issue('IP:127.0.0.1'), tls: { ca }, logged: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|unable to verify|signature failure/i },
    'is signed by nobody the world knows, where the route names no authority': { certificate: () => authority.issue('IP:127.0.0.1'), tls: {}, logged: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify/i },
    'is for another name than the route\'s': { certificate: () => authority.issue('DNS:other.internal'), tls: { ca, serverName: 'app.internal' }, logged: /ERR_TLS_CERT_ALTNAME_INVALID/ },
    'is for the browser\'s Host and not for the app\'s address': { certificate: () => authority.issue('DNS:gw.test'), tls: { ca }, logged: /ERR_TLS_CERT_ALTNAME_INVALID/ },
    'has expired': { certificate: () => authority.issueExpired('IP:127.0.0.1'), tls: { ca }, logged: /CERT_HAS_EXPIRED/ }
  }
  for (const [what, { certificate, tls, logged: expected }] of Object.entries(refusals)) {
    t.test(`${protocol}: T-148 S-01 an app whose certificate ${what} is a 502, and is sent nothing`, async (t) => {
      const app = await startTlsApp(t, certificate())
      let receivedBytes = 0
      app.server.on('secureConnection', (socket: TLSSocket) => { socket.on('data', (chunk: Buffer) => { receivedBytes += chunk.length }) })
      const { statuses, text, logged } = await askBoth(t, protocol, app, tls)
      t.strictSame(statuses, [502, 502])
      t.match(text, /"upstream_unreachable"/)
      t.notMatch(text, /certificate|127\.0\.0\.1|CERT|TLS/)
      t.match(logged, expected, 'the log knows why')
      t.strictSame([app.seen, receivedBytes], [[], 0], 'not a byte of a request')
    })
  }

  t.test(`${protocol}: an app that asks for a client certificate gets the route's; without one, or with one it does not know, it is a 502 and hears nothing`, async (t) => {
    const app = await startTlsApp(t, authority.issue('IP:127.0.0.1'), { requestCert: true, rejectUnauthorized: true, ca: readFileSync(ca) })
    const [known, unknown] = [authority.issue('DNS:gateway.internal'), stranger.issue('DNS:gateway.internal')]
    for (const own of [{}, unknown]) {
      const { statuses, text, logged } = await askBoth(t, protocol, app, { ca, ...own })
      t.strictSame(statuses, [502, 502])
      t.match(text, /"upstream_unreachable"/)
      t.match(logged, /ERR_SSL_TLSV1|ECONNRESET|UND_ERR_SOCKET|EPIPE/)
      t.strictSame(app.seen, [])
    }
    const { statuses } = await askBoth(t, protocol, app, { ca, ...known })
    t.strictSame(statuses, [200, 200])
    t.strictSame(app.seen.map(({ target, clientName }) => [target, clientName]), [['/a', 'DNS:gateway.internal'], ['/b', 'DNS:gateway.internal']])
  })

  t.test(`${protocol}: T-150 an app that ends a new TLS connection at the request is asked once, as one without TLS`, async (t) => {
    const { certFile, keyFile } = authority.issue('IP:127.0.0.1')
    const requests: string[] = []
    const server = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (socket) => {
      socket.on('error', () => {}).on('data', (chunk: Buffer) => {
        requests.push(chunk.toString('latin1').split('\r\n', 1)[0] ?? '')
        socket.end()
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { client } = await startGatewayBefore(t, protocol, `https://127.0.0.1:${(server.address() as AddressInfo).port}`, { tls: { ca } })
    t.equal((await client.ask('/a').head).status, 502)
    t.strictSame(requests, ['GET /a HTTP/1.1'])
  })
}

t.test('a WebSocket goes over TLS with the route\'s authority, name and client certificate, and not to an app with another', async (t) => {
  const client = authority.issue('DNS:gateway.internal')
  const app = await startTlsApp(t, authority.issue('DNS:app.internal'), { requestCert: true, rejectUnauthorized: true, ca: readFileSync(ca) })
  new WebSocketServer({ server: app.server }).on('connection', (socket) => { socket.on('message', (data) => socket.send(String(data))) })
  const open = async (tls: object): Promise<WebSocket> => {
    const { port } = await startGatewayBefore(t, 'HTTP/1.1', app.url, { tls })
    return new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host: 'gw.test' } })
  }
  const socket = await open({ ca, serverName: 'app.internal', ...client })
  await once(socket, 'open')
  socket.send('hello')
  t.equal(String((await once(socket, 'message'))[0]), 'hello')
  socket.terminate()
  for (const tls of [{ ca, serverName: 'app.internal' }, { ca, serverName: 'gw.test', ...client }, { serverName: 'app.internal', ...client }]) {
    const refused = await open(tls)
    const [, response] = await once(refused, 'unexpected-response')
    t.equal(response.statusCode, 502)
    refused.on('error', () => {}).terminate()
  }
})
