import { once } from 'node:events'
import { Agent, createServer, request as send, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { request } from 'undici'

export interface Replica {
  readonly port: number
  readonly adminUrl: string
}

/** A load balancer of a few lines: asks each replica whether it is ready, and sends requests in turn to those that are. It never sends one twice. */
export interface Balancer {
  readonly url: string
  readonly port: number
  isReady (replica: Replica): boolean
  close (): Promise<void>
}

const pollMs = 250

export async function startBalancer (replicas: readonly Replica[]): Promise<Balancer> {
  const ready = new Set<Replica>()
  const agents = new Map(replicas.map((replica) => [replica, new Agent({ keepAlive: true })]))
  const sockets = new Set<Socket>()
  let turn = 0

  const look = async (replica: Replica): Promise<void> => {
    const status = await request(`${replica.adminUrl}/ready`).then(async ({ statusCode, body }) => { await body.dump(); return statusCode }, () => 0)
    if (status === 200) ready.add(replica)
    else ready.delete(replica)
  }
  const polling = setInterval(() => { for (const replica of replicas) look(replica).catch(() => {}) }, pollMs)
  const next = (): Replica | undefined => [...ready][turn++ % Math.max(1, ready.size)]

  const server = createServer((incoming, response) => {
    const replica = next()
    if (replica === undefined) return response.writeHead(502).end('no replica is ready')
    const outgoing = send({ port: replica.port, agent: agents.get(replica), method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
      const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...headers } = answer.headers
      response.writeHead(answer.statusCode ?? 502, headers).flushHeaders()
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    outgoing.on('error', (error) => { if (response.headersSent) response.destroy(); else response.writeHead(502).end(error.message) })
    incoming.pipe(outgoing)
    response.on('close', () => outgoing.destroy())
  }).listen(0, '127.0.0.1')
  server.on('connection', (socket) => { sockets.add(socket.on('close', () => sockets.delete(socket))) })
  server.on('upgrade', (incoming, socket: Duplex, head: Buffer) => { tunnel(incoming, socket, head, next()) })
  await once(server, 'listening')
  await Promise.all(replicas.map(look))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    isReady: (replica) => ready.has(replica),
    async close () {
      clearInterval(polling)
      for (const socket of sockets) socket.destroy()
      for (const agent of agents.values()) agent.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

function tunnel ({ method, url, rawHeaders }: IncomingMessage, client: Duplex, head: Buffer, replica: Replica | undefined): void {
  if (replica === undefined) {
    client.destroy()
    return
  }
  const upstream = connect(replica.port, '127.0.0.1')
  const lines = [`${method} ${url} HTTP/1.1`, ...rawHeaders.flatMap((value, index) => index % 2 === 1 ? [`${rawHeaders[index - 1]}: ${value}`] : [])]
  upstream.write(`${lines.join('\r\n')}\r\n\r\n`)
  upstream.write(head)
  upstream.pipe(client).pipe(upstream)
  for (const [one, other] of [[client, upstream], [upstream, client]] as const) one.on('error', () => other.destroy()).on('close', () => other.destroy())
}
