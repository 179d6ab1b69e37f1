import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { FastifyHttpOptions } from 'fastify'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import type { ServerConfig } from '../config/schema.ts'
import { http1Options } from './http1.ts'
import { createHttp2Sessions, type Http2Sessions } from './http2-sessions.ts'

/** How the public listener is made, and how its HTTP/2 side is ended; the HTTP/1.1 side ends with Fastify. */
export interface PublicServer {
  readonly options: FastifyHttpOptions<Server>
  /** Takes no new request on the connections that speak HTTP/2. */
  drain (): void
  cutAll (): void
  /** Who connects from now on is shown what the files hold now. Throws when they cannot be used, and changes nothing then. */
  renewCertificate (server: Pick<ServerConfig, 'tls'>): void
}

/** Plain HTTP/1.1; or, with a certificate, HTTP/1.1 and HTTP/2 on one port, as the client agrees in the handshake. */
export function createPublicServer (server: Pick<ServerConfig, 'limits' | 'tls'>): PublicServer {
  const options = http1Options(server)
  const { tls, limits } = server
  if (tls === null) return { options, drain () {}, cutAll () {}, renewCertificate () {} }
  let http2: Http2Sessions | null = null
  let listener: HttpsServer | null = null
  return {
    options: {
      ...options,
      serverFactory (handler) {
        http2 = createHttp2Sessions(limits, handler)
        listener = secureServer({ ...options.http, keepAliveTimeout: limits.idleTimeout, ...tlsOptions, ...readCertificate(tls) }, handler, http2)
        return listener
      }
    },
    drain () { http2?.drain() },
    cutAll () { http2?.cutAll() },
    renewCertificate (renewed) { if (renewed.tls !== null) listener?.setSecureContext(readCertificate(renewed.tls)) }
  }
}

/** These options with a listener that serves each request with `serve`; Fastify's own is not asked. */
export function listeningWith (options: FastifyHttpOptions<Server>, serve: RequestListener): FastifyHttpOptions<Server> {
  const { serverFactory = (_own, { http, keepAliveTimeout, requestTimeout }) => Object.assign(createServer(http ?? {}, serve), { keepAliveTimeout, requestTimeout }) } = options
  return { ...options, serverFactory: (_own, given) => serverFactory(serve, given) }
}

function readCertificate ({ certFile, keyFile }: NonNullable<ServerConfig['tls']>): SecureContextOptions {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile), ...protocols }
}

/** Forward secrecy and authenticated encryption only: what Mozilla calls "intermediate", without its DHE suites. */
const protocols = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'
  ].join(':')
} as const satisfies SecureContextOptions

const tlsOptions = { ALPNProtocols: ['h2', 'http/1.1'], handshakeTimeout: 10_000 }

/** One listener: its own HTTP/1.1 with every option and event a plain one has, and beside it HTTP/2. */
function secureServer (options: object, handler: RequestListener, http2: Http2Sessions): HttpsServer {
  const server = createHttpsServer(options, handler)
  const [serveHttp1] = server.listeners('secureConnection')
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') http2.serve(socket)
    else serveHttp1?.call(server, socket)
  })
  // No HTTP answer can be given to who did not get through the handshake.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (_error, socket) => { socket.destroy() })
  return server
}
