import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

/**
 * The app behind a soak and behind streams: `/live/events` tells the time every second, or every `?everyMs=`, in ms since 1970 with
 * fractions; `/live/echo` is a WebSocket that echoes; everything else is an empty answer.
 */
const [port] = process.argv.slice(2)

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://live')
  if (pathname !== '/live/events') return response.end()
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (): void => { response.write(`data: ${performance.timeOrigin + performance.now()}\n\n`) }
  send()
  const timer = setInterval(send, Number(searchParams.get('everyMs') ?? 1_000))
  response.on('close', () => clearInterval(timer))
})
const sockets = new WebSocketServer({ server, path: '/live/echo' })
sockets.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (data) => socket.send(data.toString()))
})
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4_096 })
