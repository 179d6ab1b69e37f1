import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** A client that has left looks like one that has said all it wants to: for this long it is believed to be there still. */
const silenceMs = 1_000

interface AnsweringSocket extends Socket { readonly _httpMessage?: ServerResponse | null }

/**
 * Answers a client that closes its side of the connection behind its request, where Node would close the other side too. What is written to
 * one that has left comes back as a reset; so as long as an answer flows the client is there, and a second of silence ends it.
 */
export function answerHalfClosed (server: Server): void {
  Object.assign(server, { httpAllowHalfOpen: true }) // Node's own switch, which its types do not know
  server.on('connection', (socket: AnsweringSocket) => {
    socket.once('end', () => { if (socket._httpMessage != null) cutWhenSilent(socket) })
  })
}

function cutWhenSilent (socket: Socket): void {
  let seenBytes = socket.bytesWritten
  const timer = setInterval(() => {
    if (socket.bytesWritten === seenBytes && socket.writableLength === 0) socket.destroy()
    seenBytes = socket.bytesWritten
  }, silenceMs)
  socket.once('close', () => { clearInterval(timer) })
}
