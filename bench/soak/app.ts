import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

/** The app behind a soak: `/live/events` tells the time every second, `/live/echo` is a WebSocket that echoes. */
const [port] = process.argv.slice(2)

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (): void => { response.write(`data: ${Date.now()}\n\n`) }
  send()
  const timer = setInterval(send, 1_000)
  response.on('close', () => clearInterval(timer))
})
const sockets = new WebSocketServer({ server, path: '/live/echo' })
sockets.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (data) => socket.send(data.toString()))
})
server.listen(Number(port), '127.0.0.1')
