import type { Reading } from './reading.ts'

interface ServerSection {
  readonly listen: string
  readonly publicUrl: string
  readonly trustedProxies: readonly string[]
  readonly tls?: { readonly certFile: string, readonly keyFile: string }
}

export function serverSection (reading: Reading): ServerSection {
  const { one, all, note } = reading
  const redirect = URL.parse(one('redirect_url') ?? '')
  const isUsable = redirect !== null && (redirect.protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(redirect.hostname))
  if (!isUsable) note('redirect_url', 'is missing, relative or not https: set server.publicUrl to the origin people open')
  const trustedProxies = all('trusted_proxy_ips').filter((network) => !network.endsWith('/0'))
  if (trustedProxies.length < all('trusted_proxy_ips').length) note('trusted_proxy_ips', 'a network that is everyone is left out: name the proxies')
  return { ...listener(reading), publicUrl: isUsable ? redirect.origin : 'https://app.example.com', trustedProxies }
}

/** With a certificate oauth2-proxy serves HTTPS and nothing else, without one plain HTTP. */
function listener (reading: Reading): Pick<ServerSection, 'listen' | 'tls'> {
  const tls = certificate(reading)
  const [serves, other] = tls === undefined ? ['http_address', 'https_address'] as const : ['https_address', 'http_address'] as const
  reading.noteIfSet(other, tls === undefined ? 'not served: without tls_cert_file and tls_key_file there is no TLS; with server.tls, server.listen serves it' : 'not served: with server.tls, server.listen serves TLS and nothing else')
  const address = listenAddress(reading.one(serves) ?? (tls === undefined ? '127.0.0.1:4180' : ':443'))
  if (address === null) reading.note(serves, 'no counterpart: set server.listen to host:port')
  return { listen: address ?? '127.0.0.1:4180', ...(tls === undefined ? {} : { tls }) }
}

function certificate ({ one, note }: Reading): ServerSection['tls'] {
  const [certFile, keyFile, least] = [one('tls_cert_file'), one('tls_key_file'), one('tls_min_version')]
  if (least !== undefined) note('tls_min_version', least === 'TLS1.3' ? 'no counterpart, and laxer here: server.tls takes TLS 1.2 too; where that must not be, serve TLS in front' : 'not needed: TLS 1.2 is the least')
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile }
  for (const [name, file] of [['tls_cert_file', certFile], ['tls_key_file', keyFile]] as const) {
    if (file !== undefined) note(name, 'is of no use alone: set server.tls.certFile and server.tls.keyFile')
  }
  return undefined
}

/** Metrics are on the listener that is never public, with the health checks. */
export function adminSection ({ one, note, noteIfSet }: Reading): object {
  for (const name of ['metrics_secure_address', 'metrics_tls_cert_file', 'metrics_tls_key_file']) noteIfSet(name, 'no counterpart: /metrics is on admin.listen, without TLS; keep it within your own network')
  const given = one('metrics_address')
  if (given === undefined) return {}
  const listen = listenAddress(given)
  if (listen === null) note('metrics_address', 'no counterpart: set admin.listen to host:port')
  else note('metrics_address', 'is admin.listen now, where /live, /ready and /startup are too: never public')
  return listen === null ? {} : { admin: { listen } }
}

function listenAddress (text: string): string | null {
  const [, host = '', port = ''] = /^(?:http:\/\/)?([\w.-]*|\[[0-9a-fA-F:]+\]):(\d+)$/.exec(text) ?? []
  return port === '' ? null : `${host === '' ? '0.0.0.0' : host}:${port}`
}
