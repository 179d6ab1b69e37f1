import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { hasBody } from '../access/caller.ts'
import { GatewayError } from '../errors.ts'
import type { EndReason } from './live-connections.ts'
import { closeFrame, createFrameFollower } from './websocket-frames.ts'

/** A request whose client asked to switch protocols: its bare connection, and what the client sent beyond the headers. */
export interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
}

/** @throws GatewayError malformed_request for what is no WebSocket handshake (RFC 6455 §4.2.1) */
export function checkHandshake ({ method, headers }: IncomingMessage): void {
  // With a body, two readers could disagree about where the tunnel begins.
  const isHandshake = method === 'GET' && !hasBody(headers) && headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' && /^[A-Za-z0-9+/]{22}==$/.test(headers['sec-websocket-key'] ?? '')
  if (!isHandshake) throw new GatewayError('malformed_request', { cause: new Error('no WebSocket handshake') })
}

/** A client that leaves while the app thinks it over is noticed only by who reads. Returns how to stop watching. */
export function watchForLeaving (socket: Duplex): () => void {
  const left = (): void => { socket.destroy() }
  socket.once('end', left)
  socket.read(0) // consumes nothing
  return () => { socket.off('end', left) }
}

/** What a close frame says of the reason (RFC 6455 §7.4.1, and the IANA registry for 1012). */
const closeCodes: Readonly<Record<EndReason, number>> = { 'session over': 1008, shutdown: 1012 }

/** Who was told to close has this long to do so. */
const closingMs = 1_000

/**
 * Joins the two connections byte by byte after the app's 101: messages are never parsed, so there is no parser to attack.
 * Returns how to end the tunnel: with a close frame to each side that stands between two frames, else by cutting it.
 */
export function tunnel ({ socket: client, head }: Upgrade, upstream: Duplex, answerHeaders: readonly string[]): (reason: EndReason) => void {
  const toApp = createFrameFollower()
  const toClient = createFrameFollower()
  client.write(switchingProtocols(answerHeaders))
  if (head.length > 0) {
    upstream.write(head)
    toApp.follow(head)
  }
  const unjoin = [join(client, upstream), join(upstream, client)]
  client.pipe(upstream)
  client.on('data', toApp.follow)
  upstream.pipe(client)
  upstream.on('data', toClient.follow)
  let isEnded = false

  return (reason) => {
    if (isEnded) return // a second reason must not cut what has been told the first
    isEnded = true
    client.unpipe(upstream)
    upstream.unpipe(client)
    for (const undo of unjoin) undo()
    endWith(client, toClient.mayAppend() ? closeFrame(closeCodes[reason], { isMasked: false }) : null)
    endWith(upstream, toApp.mayAppend() ? closeFrame(closeCodes[reason], { isMasked: true }) : null)
  }
}

/** Whichever side goes takes the other with it. Returns how to part them. */
function join (one: Duplex, other: Duplex): () => void {
  const follow = (): void => { other.destroy() }
  one.on('error', () => other.destroy())
  one.on('close', follow)
  return () => { one.off('close', follow) }
}

/** A last frame, and a moment for the other side to answer it and go; what it still sends is nobody's. */
function endWith (socket: Duplex, lastFrame: Buffer | null): void {
  if (lastFrame === null || !socket.writable) {
    socket.destroy()
    return
  }
  socket.end(lastFrame)
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), closingMs)
  socket.once('end', () => socket.destroy())
  socket.once('close', () => clearTimeout(timer))
}

function switchingProtocols (headers: readonly string[]): string {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
  for (let index = 0; index < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}
