import { connect, type Socket } from 'node:net'

/** A kind of connection that can do nothing for a long time. */
export interface IdleKind {
  readonly name: string
  /** Open files that each takes of a proxy. */
  readonly files: number
  /** Opens one and uses it once. */
  open (url: string, cookie: string): Promise<Socket>
  /** Uses one that was idle. Rejects when it is none any more. */
  use (socket: Socket, cookie: string): Promise<void>
}

const waitMs = 20_000

export const keptAlive: IdleKind = {
  name: 'kept-alive connection',
  files: 1,
  async open (url, cookie) {
    const socket = connected(url)
    await keptAlive.use(socket, cookie)
    return socket
  },
  use: (socket, cookie) => exchange(socket, `GET /1k HTTP/1.1\r\nHost: gw.test\r\nCookie: ${cookie}\r\n\r\n`, 'HTTP/1.1 200')
}

/** RFC 6455: a handshake with a key of our own choice, later a masked text frame and its echo. */
export const webSocket: IdleKind = {
  name: 'WebSocket',
  files: 2,
  async open (url, cookie) {
    const socket = connected(url)
    await exchange(socket, `GET /live/echo HTTP/1.1\r\nHost: gw.test\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`, 'HTTP/1.1 101')
    return socket
  },
  use: (socket) => exchange(socket, '\x81\x85\0\0\0\0hello', '\x81\x05hello')
}

function connected (url: string): Socket {
  const { port, hostname } = new URL(url)
  return connect(Number(port), hostname).setEncoding('latin1').on('error', () => {}) // 'close' follows
}

/** Writes, and waits for an answer that begins so. */
function exchange (socket: Socket, text: string, beginning: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      clearTimeout(timer)
      socket.off('data', onData).off('close', onClose).resume()
      settle()
    }
    const timer = setTimeout(() => done(() => reject(new Error(`no answer within ${waitMs} ms`))), waitMs)
    const onClose = (): void => done(() => reject(new Error('the proxy closed an idle connection')))
    const onData = (data: string): void => done(() => { if (data.startsWith(beginning)) resolve(); else reject(new Error(`an unexpected answer: ${data.slice(0, 100)}`)) })
    socket.once('data', onData).once('close', onClose)
    socket.write(text, 'latin1')
  })
}
