import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { sendOverHttp2 } from '../rig/http2.ts'
import { sendRaw } from '../rig/raw.ts'
import type { Rig } from '../rig/rig.ts'
import { transport } from '../rig/transport.ts'
import type { Seen } from '../rig/upstream.ts'

/** What came of an attack: the answer, and what the app saw of it. */
export interface Outcome {
  readonly status: number
  /** Head and body, as they came. */
  readonly text: string
  /** Requests the app read to their end. */
  readonly seen: readonly Seen[]
  /** Method and target of every request that began at the app. */
  readonly hits: readonly string[]
}

export type Attack = (bytes: string | Buffer, port?: number) => Promise<Outcome>

/** Sends bytes to the gateway over a plain socket and tells what the app saw meanwhile; one attack at a time. */
export function attackOn (rig: Rig): Attack {
  const begun: string[] = []
  rig.upstream.server.prependListener('request', ({ method, url }) => begun.push(`${method} ${url}`))
  return async (bytes, port = rig.port) => {
    const before = rig.upstream.seen.length
    begun.length = 0
    const { status, text } = transport.isHttp2 ? await sendOverHttp2(port, bytes.toString('latin1')) : await sendRaw(port, bytes)
    return { status, text, seen: rig.upstream.seen.slice(before), hits: [...begun] }
  }
}

/** How many inventions a property is tried on: over HTTP/2, where each needs a handshake and the same code decides, a tenth. */
export function runs (count: number): number {
  return transport.isHttp2 ? count / 10 : count
}

/** A request with exactly these header lines besides Host; ended by the server's close. */
export function message (method: string, target: string, lines: readonly string[] = [], body = ''): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: gw.test', ...lines, 'Connection: close', '', body].join('\r\n')
}

/** The Cookie line of somebody who has just signed in. */
export async function cookieLine (rig: Rig, username?: string): Promise<string> {
  const browser = rig.newBrowser()
  await browser.signIn(username)
  return `Cookie: __Host-aihubmix=${browser.cookies.get('__Host-aihubmix')}`
}

/** "Login required": a 401 that says where to sign in, or the way to AIHubMix; and the app saw nothing. */
export function isLoginRequired ({ emulator }: Rig, { status, text, hits }: Outcome): boolean {
  const isSentOn = status === 302 && text.includes(`\r\nlocation: ${emulator.url}/api/oauth2/authorize?`)
  return hits.length === 0 && (isSentOn || (status === 401 && text.includes('"error":"login_required"')))
}

/** Refused as it stands, and the app saw nothing. */
export function isRefused ({ status, hits }: Outcome): boolean {
  return status === 400 && hits.length === 0
}

/** The body of an answer, its chunks joined. */
export function bodyOf (text: string): string {
  const at = text.indexOf('\r\n\r\n')
  const [head, body] = [text.slice(0, at), text.slice(at + 4)]
  return /\r\ntransfer-encoding: chunked/i.test(head) ? unchunked(body) : body
}

function unchunked (text: string): string {
  const size = Number.parseInt(text, 16)
  if (!(size > 0)) return ''
  const start = text.indexOf('\r\n') + 2
  return text.slice(start, start + size) + unchunked(text.slice(start + size + 2))
}

/** An app that answers with whatever bytes the test likes; `requests` holds the heads it read. */
export interface RawUpstream {
  readonly url: string
  readonly requests: readonly string[]
}

interface Teardown { after (undo: () => unknown): void }

export async function startRawUpstream (t: Teardown, answer: (socket: Socket, head: string) => void): Promise<RawUpstream> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    let received = ''
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      const end = received.indexOf('\r\n\r\n')
      if (end === -1) return
      const head = received.slice(0, end)
      received = ''
      requests.push(head)
      answer(socket, head)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}
