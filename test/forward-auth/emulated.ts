import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { emulatedEnvoy } from './emulated-envoy.ts'
import { emulatedTraefik } from './emulated-traefik.ts'
import { folded, originForm, type Header, type Model, type Request } from './emulation.ts'
import type { RunningProxy } from './proxies.ts'

/**
 * Traefik and Envoy come from nowhere the tests can reach. These do, with the file we ship, what their documentation and source say that
 * they do with it: no more than an emulation, which a mistake in reading them is a mistake of too.
 */
const models: Readonly<Record<string, (text: string) => Model>> = { Traefik: emulatedTraefik, Envoy: emulatedEnvoy }
const files: Readonly<Record<string, string>> = { Traefik: 'traefik.yaml', Envoy: 'envoy.yaml' }

export const everyEmulated = Object.keys(models)

interface Addresses { readonly gateway: number, readonly app: number }
interface Teardown { after (undo: () => unknown): void }
interface Answer { readonly status: number, readonly headers: readonly Header[], readonly body: Buffer }

/** Ended with the test. */
export async function startEmulated (t: Teardown, name: string, { gateway, app }: Addresses): Promise<RunningProxy> {
  const text = await readFile(new URL(`../../config/forward-auth/${files[name] ?? ''}`, import.meta.url), 'utf8')
  const model = models[name]?.(text.replaceAll('app.example.com', 'gw.test'))
  if (model === undefined) throw new Error(name)

  async function serve (incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = model?.received(originForm({ method: incoming.method ?? '', target: incoming.url ?? '', headers: pairs(incoming.rawHeaders) })) ?? 400
    if (typeof asked === 'number') return reply(response, { status: asked, headers: [], body: Buffer.alloc(0) })
    const way = model?.wayOf(asked)
    if (way === 'closed') return reply(response, { status: 404, headers: [], body: Buffer.alloc(0) })
    if (way === 'gateway') return reply(response, await exchange(gateway, asked, incoming))
    const question = model?.question(asked) ?? asked
    const answer = await exchange(gateway, question, null).catch(() => null)
    const allowed = model?.allowed(asked, answer) ?? null
    if (allowed !== null) return reply(response, await exchange(app, allowed, incoming))
    incoming.resume()
    reply(response, answer === null || (answer.status >= 500 && model?.ownError !== null) ? { status: model?.ownError ?? 500, headers: [], body: Buffer.alloc(0) } : answer)
  }

  const server = createServer((incoming, response) => { serve(incoming, response).catch(() => { response.destroy() }) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port }
}

const ofTheConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'proxy-connection'])

async function exchange (port: number, { method, target, headers }: Request, body: IncomingMessage | null): Promise<Answer> {
  const sent = headers.filter(([name]) => !ofTheConnection.has(name.toLowerCase()))
  const outgoing = request({ host: '127.0.0.1', port, method, path: target, headers: sent.flat(), agent: false })
  if (body === null) outgoing.end()
  else body.pipe(outgoing)
  const [answer] = await once(outgoing, 'response') as [IncomingMessage]
  return { status: answer.statusCode ?? 0, headers: pairs(answer.rawHeaders), body: Buffer.concat(await answer.toArray()) }
}

function reply (response: ServerResponse, { status, headers, body }: Answer): void {
  for (const name of new Set(headers.map(([name]) => name))) {
    if (!ofTheConnection.has(name.toLowerCase())) response.setHeader(name, headers.filter(([other]) => folded(other) === folded(name)).map(([, value]) => value))
  }
  response.writeHead(status).end(body)
}

function pairs (raw: readonly string[]): readonly Header[] {
  return raw.flatMap((name, index) => index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : [])
}
