import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { visitor } from './received-headers.ts'

const eventEveryMs = 1_000
const maxMessageBytes = 64 * 1024

/** Server-sent events: the time, at once and then every second, until the browser goes. */
export function streamEvents (reply: ServerResponse): void {
  reply.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const send = (): void => { reply.write(`data: ${new Date().toISOString()}\n\n`) }
  send()
  const timer = setInterval(send, eventEveryMs)
  reply.on('close', () => clearInterval(timer))
}

function echo (socket: WebSocket, request: IncomingMessage): void {
  const { userId, email } = visitor(request)
  // ws closes the socket by itself; without a listener a broken frame would end the process.
  socket.on('error', () => {})
  socket.on('message', (data, isBinary) => socket.send(isBinary ? data : `echo: ${data.toString()}`))
  socket.send(`you are ${userId ?? 'unknown'} (${email ?? 'no e-mail'})`)
}

function refuse (socket: Duplex): void {
  socket.on('error', () => {})
  socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n', () => socket.destroy())
}

/** WebSocket at /live: says who you are, then echoes. The returned function cuts every connection. */
export function acceptWebSockets (server: Server): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes })
  sockets.on('connection', echo)
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.split('?', 1)[0] !== '/live') return refuse(socket)
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted, request))
  })
  return () => { for (const socket of sockets.clients) socket.terminate() }
}
