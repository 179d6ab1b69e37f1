import type { Route } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'

/**
 * A WebSocket carries cookies and knows no CORS, so the page that opens one must be of an allowed origin: the public one and, on a route
 * for certain hosts, the very host that is asked, unless the route names others. Without an `Origin` it is no browser; nobody's cookies can be borrowed.
 * @throws GatewayError access_denied where the route has WebSockets off, cross_origin for a page of another site
 */
export function checkWebSocketOrigin ({ host, websocket: { enabled, allowedOrigins } }: Pick<Route, 'host' | 'websocket'>, origin: string | undefined, publicUrl: URL, hostName: string): void {
  if (!enabled) throw new GatewayError('access_denied', { cause: new Error('WebSockets are off on this route') })
  const isAllowed = origin === undefined || allowedOrigins.includes(origin) ||
    (allowedOrigins.length === 0 && (origin === publicUrl.origin || (host !== null && origin === originOn(publicUrl, hostName))))
  if (!isAllowed) throw new GatewayError('cross_origin')
}

/** The origin of a host of ours: scheme and port are those of the public one. */
function originOn ({ protocol, port }: URL, hostName: string): string {
  return `${protocol}//${hostName}${port === '' ? '' : `:${port}`}`
}
