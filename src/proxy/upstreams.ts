import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { buildConnector, Pool } from 'undici'
import type { Route } from '../config/schema.ts'
import { tellOfUse } from './second-try.ts'

/** Where one route's requests go. */
export interface Upstream {
  readonly pool: Pool
  /** For a second try: each connection is new and carries one request, so that it cannot meet what the first one met. */
  readonly fresh: Pool
  /** How many the pool opens at most; what is more waits. */
  readonly connections: number
  /** Requests given to the pool and not ended yet. */
  requests: number
  /** The upstream's own host, for `preserveHost: false`. */
  readonly host: string
  readonly basePath: string
  /** How long a request may wait for one of the route's connections; longer is no use to anybody. */
  readonly queueTimeoutMs: number
  /** One fixed TLS server name: undici would take the browser's Host for it, and check the certificate against that. */
  readonly serverName: string
}

export interface Upstreams {
  of (route: Route): Upstream
  close (): Promise<void>
}

/** Streams hold one each for as long as they like. */
const connectionsPerRoute = 1_024
const queueTimeoutMs = 10_000

/** One pool of kept-alive connections a route: its timeouts, TLS and load are its own. */
export function createUpstreams (routes: readonly Route[]): Upstreams {
  const upstreams = new Map<Route, Upstream>()
  for (const route of routes) {
    if (route.upstream !== null) upstreams.set(route, createUpstream(route, route.upstream))
  }
  return {
    of (route) {
      const upstream = upstreams.get(route)
      if (upstream === undefined) throw new Error(`route ${route.path} has no upstream`)
      return upstream
    },
    async close () { await Promise.all(Array.from(upstreams.values(), ({ pool, fresh }) => [pool.destroy(), fresh.destroy()]).flat()) }
  }
}

function createUpstream (route: Route, upstream: NonNullable<Route['upstream']>): Upstream {
  const origin = upstream.kind === 'unix' ? 'http://localhost' : upstream.origin
  const { host, hostname } = new URL(origin)
  const serverName = route.tls.serverName ?? hostname
  const options: Pool.Options = {
    connections: connectionsPerRoute,
    pipelining: 1, // a slow answer must not hold up another, nor one reset fail two
    allowH2: false,
    keepAliveTimeout: 4_000,
    headersTimeout: route.timeouts.headers,
    bodyTimeout: route.timeouts.body,
    connect: connector(route, upstream, serverName)
  }
  return { pool: new Pool(origin, options), fresh: new Pool(origin, options), connections: connectionsPerRoute, requests: 0, host, serverName, queueTimeoutMs, basePath: upstream.kind === 'unix' ? '' : upstream.basePath }
}

function connector ({ tls, timeouts }: Route, upstream: NonNullable<Route['upstream']>, serverName: string): buildConnector.connector {
  const connect = buildConnector({
    timeout: timeouts.connect,
    rejectUnauthorized: tls.verify,
    ...(tls.ca === undefined ? {} : { ca: readFileSync(tls.ca) }),
    ...(tls.certFile === undefined ? {} : { cert: readFileSync(tls.certFile) }),
    ...(tls.keyFile === undefined ? {} : { key: readFileSync(tls.keyFile) }),
    ...(upstream.kind === 'unix' ? { socketPath: upstream.socketPath } : {})
  })
  return ({ servername: _, ...options }, callback) => {
    // An IP address is checked against the certificate's addresses, and never sent as a name (RFC 6066 §3).
    connect(isIP(serverName) === 0 ? { ...options, servername: serverName } : options, (...result) => {
      if (result[0] === null) tellOfUse(result[1])
      callback(...result)
    })
  }
}
