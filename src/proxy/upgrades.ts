import { ServerResponse, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { LiveConnections } from './live-connections.ts'
import type { Upgrade } from './websocket.ts'

export interface AcceptedUpgrades {
  /** The bare connection of a request that asked for a WebSocket. */
  upgradeOf (request: IncomingMessage): Upgrade | undefined
  /** From now on, those of this server are served like its requests. */
  listen (server: Server, serve: RequestListener): void
}

/**
 * Leads WebSocket upgrades through the same stops as every request: same hooks, same decision, same error answers.
 * What is answered with anything but 101 ends the connection: nothing a client sends after it is read (oauth2-proxy#1347).
 */
export function acceptUpgrades (live: LiveConnections): AcceptedUpgrades {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>()

  const serveUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, serve: RequestListener): void => {
    socket.on('error', () => socket.destroy())
    live.add(null, socket) // Node lets go of it here: neither its timeouts nor the server's close see it any more
    // Before Node 24.9 other protocols come here too (h2c): they are answered as ordinary requests (RFC 9110 §7.8).
    if (request.headers.upgrade?.toLowerCase() === 'websocket') upgrades.set(request, { socket, head })
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    try {
      response.assignSocket(socket as Socket) // 'upgrade' gives the connection's own socket; its type is the general one
    } catch {
      socket.destroy() // pipelined behind a request that still awaits its answer: nobody could tell the two apart
      return
    }
    response.once('finish', () => (socket as Socket).destroySoon()) // nobody reads what the client still sends, so its end would not be heard
    serve(request, response)
  }

  return {
    upgradeOf: (request) => upgrades.get(request),
    listen (server, serve) { server.on('upgrade', (request, socket, head) => { serveUpgrade(request, socket, head, serve) }) }
  }
}
