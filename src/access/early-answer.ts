import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Longer than an answer takes to arrive; who is still sending then has read it, or never will. */
const lingerMs = 2_000

/**
 * For an answer to a body that was not read to its end. Its connection is closed in stages (RFC 9112 §9.6): the system answers what
 * comes on a connection that is closed whole with a reset, which can overtake the answer. What still comes is no request, and nobody's.
 */
export function closeInStages ({ req, socket }: ServerResponse): void {
  if (req.httpVersionMajor > 1 || socket === null) return // a stream of HTTP/2 ends by itself
  socket.destroySoon = () => { linger(socket) } // called by Node once the answer is written
}

function linger (socket: Socket): void {
  const timer = setTimeout(() => { socket.destroy() }, lingerMs)
  socket.once('close', () => { clearTimeout(timer) })
  socket.once('end', () => { socket.destroy() })
  socket.removeAllListeners('data') // the parser's
  socket.on('data', () => {})
  socket.end()
  socket.resume()
}
