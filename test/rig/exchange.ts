import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect, type ClientHttp2Stream } from 'node:http2'
import type { Readable, Writable } from 'node:stream'
import { publicUrl } from './browser.ts'
import { createAuthority } from './certificates.ts'
import { startRig, type Rig, type RigOptions } from './rig.ts'

export const protocols = ['HTTP/1.1', 'HTTP/2'] as const
export type Protocol = typeof protocols[number]

export interface Head {
  readonly status: number
  /** Without pseudo-fields. */
  readonly headers: IncomingHttpHeaders
}

export interface Ending {
  readonly body: Buffer
  /** Ended as its protocol ends a message, and not by a cut. */
  readonly isWhole: boolean
  readonly trailers: IncomingHttpHeaders
}

/** One request of a client that streams, and what comes of it. */
export interface Exchange {
  readonly upload: Writable
  /** Answers before the answer, in their order. */
  readonly interim: readonly Head[]
  /** Rejects where none comes. */
  readonly head: Promise<Head>
  /** The body of the answer; nobody reads it yet. */
  readonly answer: Promise<Readable>
  read (): Promise<Ending>
  leave (): void
}

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The test writes it to `upload`; without a `content-length` it is chunked in HTTP/1.1. */
  readonly hasBody?: boolean
  /** Sent behind the body. */
  readonly trailers?: Readonly<Record<string, string>>
}

/** One client's way to the gateway; over HTTP/2 all its requests share one connection. */
export interface StreamingClient {
  ask (path: string, question?: Question): Exchange
  close (): void
}

interface Teardown { after (undo: () => unknown): void }

/** A rig that is reached by this protocol. */
export function startRigFor (t: Teardown, protocol: Protocol, options: RigOptions = {}): Promise<Rig> {
  const tls = protocol === 'HTTP/2' ? { tls: createAuthority().issue('DNS:gw.test', 'IP:127.0.0.1') } : {}
  return startRig(t, { ...options, config: { ...options.config, server: { publicUrl, ...tls, ...Object(options.config?.['server']) } } })
}

/** Before an app of the test's own, open to everybody. */
export async function startGatewayBefore (t: Teardown, protocol: Protocol, upstream: string, route: object = {}): Promise<Rig & { readonly client: StreamingClient }> {
  const rig = await startRigFor(t, protocol, { config: { routes: [{ path: '/', upstream, access: 'anyone', ...route }] } })
  return { ...rig, client: connectClient(t, protocol, rig.port) }
}

export function connectClient (t: Teardown, protocol: Protocol, port: number): StreamingClient {
  const client = protocol === 'HTTP/2' ? overHttp2(port) : overHttp1(port)
  t.after(() => client.close())
  return client
}

function overHttp1 (port: number): StreamingClient {
  const open = new Set<() => void>()
  return {
    ask (path, { method = 'GET', headers = {}, hasBody = false, trailers } = {}) {
      const framing = hasBody && headers['content-length'] === undefined ? { 'transfer-encoding': 'chunked' } : {}
      const upload = httpRequest({ port, host: '127.0.0.1', agent: false, path, method, headers: { host: 'gw.test', ...framing, ...headers } }).on('error', () => {})
      const interim: Head[] = []
      upload.on('information', ({ statusCode, headers }) => interim.push({ status: statusCode, headers }))
      const answer = promised<IncomingMessage>((resolve, reject) => { upload.once('response', (response) => resolve(response.on('error', () => {}))).once('error', reject) })
      if (trailers !== undefined) upload.addTrailers(trailers)
      if (hasBody) upload.flushHeaders()
      else upload.end()
      const leave = (): void => { upload.destroy() }
      open.add(leave)
      return {
        upload,
        interim,
        answer,
        head: derived(answer, ({ statusCode = 0, headers }) => ({ status: statusCode, headers })),
        async read () {
          const response = await answer
          const body = await collected(response)
          return { body, isWhole: response.complete && response.errored === null, trailers: response.trailers }
        },
        leave
      }
    },
    close () { for (const leave of open) leave() }
  }
}

function overHttp2 (port: number): StreamingClient {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }).on('error', () => {})
  return {
    ask (path, { method = 'GET', headers = {}, hasBody = false, trailers } = {}) {
      const stream = session.request({ ':method': method, ':authority': 'gw.test', ':path': path, ...headers }, { endStream: !hasBody, waitForTrailers: trailers !== undefined }).on('error', () => {})
      const interim: Head[] = []
      let trailing: IncomingHttpHeaders = {}
      let isEnded = false
      stream.on('headers', (fields) => interim.push(headOf(fields)))
      stream.on('trailers', (fields) => { trailing = headOf(fields).headers })
      stream.on('end', () => { isEnded = true })
      if (trailers !== undefined) stream.once('wantTrailers', () => stream.sendTrailers(trailers))
      const head = promised<Head>((resolve, reject) => {
        stream.once('response', (fields) => resolve(headOf(fields))).once('close', () => reject(new Error(`no answer: stream closed with ${stream.rstCode}`)))
      })
      const answer: Promise<ClientHttp2Stream> = derived(head, () => stream)
      return {
        upload: stream,
        interim,
        answer,
        head,
        async read () {
          await answer
          const body = await collected(stream)
          return { body, isWhole: isEnded && stream.rstCode === 0 && stream.errored === null, trailers: trailing }
        },
        leave () { stream.close(8) }
      }
    },
    close () { session.destroy() }
  }
}

/** What no test awaits must not end the process. */
function promised<Value> (start: (resolve: (value: Value) => void, reject: (error: Error) => void) => void): Promise<Value> {
  const promise = new Promise<Value>(start)
  promise.catch(() => {})
  return promise
}

function derived<From, To> (promise: Promise<From>, to: (value: From) => To): Promise<To> {
  const next = promise.then(to)
  next.catch(() => {})
  return next
}

/** Everything that came, up to the end or the cut. */
function collected (stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const done = (): void => { resolve(Buffer.concat(chunks)) }
    if (stream.closed) return done()
    stream.on('data', (chunk: Buffer) => chunks.push(chunk)).once('close', done).resume()
  })
}

function headOf (fields: Readonly<Record<string, unknown>>): Head {
  const headers = Object.fromEntries(Object.entries(fields).filter(([name]) => !name.startsWith(':'))) as IncomingHttpHeaders
  return { status: Number(fields[':status']), headers }
}
