import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A network that breaks on demand, between the gateway and a server on loopback. */
export interface FaultProxy {
  readonly port: number
  /** From now on nothing arrives and nothing is answered; connections stay open. */
  swallow (): void
  /** From now on everything arrives, in its order, this much later. */
  delay (ms: number): void
  /** Cuts every connection and refuses new ones. */
  refuse (): Promise<void>
  /** The network works again; what was swallowed is lost with its connection. */
  restore (): Promise<void>
  /** What was sent towards the server while everything was swallowed, as latin1. */
  swallowed (): string
  close (): Promise<void>
}

export async function startFaultProxy (targetPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>()
  let isSwallowing = false
  let delayMs = 0
  let swallowed = ''
  let server = await listen(0)
  const { port } = server.address() as AddressInfo

  async function listen (onPort: number): Promise<Server> {
    const listening = createServer(join).listen(onPort, '127.0.0.1')
    await once(listening, 'listening')
    return listening
  }

  function join (client: Socket): void {
    const target = connect(targetPort, '127.0.0.1')
    for (const [socket, other] of [[client, target], [target, client]] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => { sockets.delete(socket); other.destroy() })
      socket.on('data', (chunk: Buffer) => {
        if (!isSwallowing) pass(other, chunk)
        else if (socket === client) swallowed += chunk.toString('latin1')
      })
    }
  }

  function pass (to: Socket, chunk: Buffer): void {
    if (delayMs === 0) to.write(chunk)
    else setTimeout(() => { if (!to.destroyed) to.write(chunk) }, delayMs).unref()
  }

  const cut = (): void => { for (const socket of sockets) socket.destroy() }

  async function refuse (): Promise<void> {
    const closed = server.listening ? once(server, 'close') : null
    server.close()
    cut()
    await closed
  }

  return {
    port,
    refuse,
    swallowed: () => swallowed,
    swallow () { isSwallowing = true },
    delay (ms) { delayMs = ms },
    async restore () {
      cut()
      isSwallowing = false
      delayMs = 0
      if (!server.listening) server = await listen(port)
    },
    close: refuse
  }
}
