import { GatewayError } from '../errors.ts'

/** No label is empty: `a..test` or `a.test..` would meet another rule than `a.test`, and may be the same host to an app. */
const hostPattern = /^((?:[a-z0-9_-]+\.)*[a-z0-9_-]+\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/

/** Whether a text is a host, with or without port: nothing that could be read as more of a URL. */
export function isHost (text: string): boolean {
  return hostPattern.test(text.toLowerCase())
}

/**
 * The host name a request is for: lower-case, without port and trailing dot, so that `A.b.test.:443` meets the rule of `a.b.test`.
 * @throws GatewayError malformed_request unless there is exactly one valid Host (RFC 9112 §3.2)
 */
export function requestHost (rawHeaders: readonly string[]): string {
  return hostNameOf(onlyHost(rawHeaders))
}

/**
 * The same of a host as somebody else wrote it.
 * @throws GatewayError malformed_request when it is no valid host
 */
export function hostNameOf (host: string): string {
  const name = hostPattern.exec(host.toLowerCase())?.[1]
  if (name === undefined) throw new GatewayError('malformed_request', { cause: new Error('invalid Host') })
  return name.endsWith('.') ? name.slice(0, -1) : name
}

function onlyHost (rawHeaders: readonly string[]): string {
  let host: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length !== 4 || name.toLowerCase() !== 'host') continue
    if (host !== undefined) throw new GatewayError('malformed_request', { cause: new Error('two Host headers') })
    host = rawHeaders[index + 1]
  }
  return host ?? ''
}
