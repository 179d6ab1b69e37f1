import { once } from 'node:events'
import { connect } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** Everything the server sent until it closed. */
  readonly text: string
}

/**
 * Writes bytes to a plain connection and reads until the server closes it. A request that keeps its connection open has to
 * say `Connection: close`. Status 0: closed without an answer.
 */
export async function sendRaw (port: number, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => { text += chunk })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  await new Promise((resolve) => { socket.once('close', resolve) }) // `once` would reject when the server resets
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text }
}

/** A GET with exactly these header lines besides Host. */
export function get (target: string, lines: readonly string[] = [], host = 'gw.test'): string {
  return [`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines, 'Connection: close', '', ''].join('\r\n')
}
