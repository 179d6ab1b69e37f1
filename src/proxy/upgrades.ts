import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { LiveConnections } from './live-connections.ts'
import type { Upgrade } from './websocket.ts'

/**
 * Leads WebSocket upgrades through the same stops as every request: same hooks, same decision, same error answers.
 * What is answered with anything but 101 ends the connection: nothing a client sends after it is read (oauth2-proxy#1347).
 */
export function acceptUpgrades (app: FastifyInstance, live: LiveConnections): (request: IncomingMessage) => Upgrade | undefined {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>()

  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    live.add(null, socket) // Node lets go of it here: neither its timeouts nor the server's close see it any more
    // Before Node 24.9 other protocols come here too (h2c): they are answered as ordinary requests (RFC 9110 §7.8).
    if (request.headers.upgrade?.toLowerCase() === 'websocket') upgrades.set(request, { socket, head })
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    try {
      response.assignSocket(socket as Socket) // 'upgrade' gives the connection's own socket; its type is the general one
    } catch {
      return socket.destroy() // pipelined behind a request that still awaits its answer: nobody could tell the two apart
    }
    response.once('finish', () => (socket as Socket).destroySoon()) // nobody reads what the client still sends, so its end would not be heard
    app.routing(request, response)
  })

  return (request) => upgrades.get(request)
}
