import type { Route } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'

/**
 * A WebSocket carries cookies and knows no CORS, so the page that opens one must be of an allowed origin. Without an `Origin` it
 * is no browser; nobody's cookies can be borrowed.
 * @throws GatewayError access_denied where the route has WebSockets off, cross_origin for a page of another site
 */
export function checkWebSocketOrigin ({ websocket: { enabled, allowedOrigins } }: Pick<Route, 'websocket'>, origin: string | undefined, publicOrigin: string): void {
  if (!enabled) throw new GatewayError('access_denied', { cause: new Error('WebSockets are off on this route') })
  const allowed = allowedOrigins.length === 0 ? [publicOrigin] : allowedOrigins
  if (origin !== undefined && !allowed.includes(origin)) throw new GatewayError('cross_origin')
}
