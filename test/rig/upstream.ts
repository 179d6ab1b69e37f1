import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as the app saw it. */
export interface Seen {
  readonly method: string
  /** The request target, byte for byte. */
  readonly target: string
  /** Name, value, name, value … as received. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** The app behind the gateway: answers 200 with what it saw as JSON, and keeps it. */
export interface TestUpstream {
  readonly url: string
  readonly port: number
  readonly seen: readonly Seen[]
  readonly server: Server
  /** The last request that arrived; throws when there was none. */
  last (): Seen
  /** Every value whose header name folds to this one (any case, any sign for a hyphen). */
  valuesOf (name: string, seen?: Seen): readonly string[]
  close (): Promise<void>
}

export type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

export async function startUpstream (answer: Answer = echo): Promise<TestUpstream> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      seen.push({ method: request.method ?? '', target: request.url ?? '', rawHeaders: request.rawHeaders, body })
      answer(request, response, body)
    })
    request.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const last = (): Seen => {
    const request = seen.at(-1)
    if (request === undefined) throw new Error('the app saw no request')
    return request
  }

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    server,
    last,
    valuesOf (name, { rawHeaders } = last()) {
      return rawHeaders.filter((_value, index) => index % 2 === 1 && folded(rawHeaders[index - 1] ?? '') === folded(name))
    },
    async close () {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

const echo: Answer = (request, response, body) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ method: request.method, target: request.url, headers: request.headers, body: body.toString('latin1') }))
}

function folded (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}
