import { parse } from 'yaml'
import { isTree, valueAt } from '../../src/config/tree.ts'
import { allUnder, folded, valuesOf, withEach, without, type Header, type Model } from './emulation.ts'

/**
 * Envoy's ext_authz with an HTTP service (ext_authz.proto, source/extensions/filters/common/ext_authz/ext_authz_http_impl.cc of 1.29): the
 * question has the method of the request and its path behind path_prefix, no body, and the headers that are allowed. **200 alone lets it
 * pass**; then what allowed_upstream_headers names is set, and what x-envoy-auth-headers-to-remove names is removed after that. 5xx and no
 * answer are status_on_error; every other answer is the client's.
 */
export function emulatedEnvoy (text: string): Model {
  const config: unknown = parse(text)
  const only = (key: string): unknown => {
    const [value, ...more] = allUnder(config, key)
    if (value === undefined || more.length > 0) throw new Error(`${key}: another file than this knows`)
    return value
  }
  const prefix = String(only('path_prefix'))
  const removedEarly = allUnder(only('early_header_mutation_extensions'), 'remove').map(String)
  const askedWith = { exact: new Set(allUnder(only('allowed_headers'), 'exact')), prefixes: allUnder(only('allowed_headers'), 'prefix').map(String) }
  const taken = new Set(allUnder(only('allowed_upstream_headers'), 'exact'))
  const routes = allUnder(only('virtual_hosts'), 'routes').flat()
  if (only('headers_with_underscores_action') !== 'DROP_HEADER' || only('path_with_escaped_slashes_action') !== 'REJECT_REQUEST' || only('normalize_path') !== true || only('failure_mode_allow') !== false) throw new Error('another file than this knows')
  if (!isTree(only('status_on_error')) || valueAt(only('status_on_error'), ['code']) !== 'ServiceUnavailable') throw new Error('status_on_error')

  const goesAlong = (name: string): boolean => ['host', 'authorization'].includes(name) || askedWith.exact.has(name) || askedWith.prefixes.some((start) => name.startsWith(start))

  return {
    ownError: 503,
    received ({ method, target, headers }) {
      const normal = normalized(target)
      if (normal === null) return 400
      const [upgrade = 'websocket'] = valuesOf(headers, 'upgrade')
      if (!/^(websocket|h2c)$/i.test(upgrade)) return 403 // upgrade_configs; of h2c the HTTP/1 codec drops every trace
      const settled = /^h2c$/i.test(upgrade) ? without(headers, ['upgrade', 'connection', 'http2-settings']) : headers
      const kept = without(settled.filter(([name]) => !name.includes('_')), [...removedEarly, 'x-forwarded-for', 'x-forwarded-proto'])
      return { method, target: normal, headers: [...kept, ['x-forwarded-for', '127.0.0.1'], ['x-forwarded-proto', 'http']] }
    },
    wayOf ({ target }) {
      const route = routes.find((route) => target.startsWith(String(valueAt(route, ['match', 'prefix']))))
      if (valueAt(route, ['direct_response', 'status']) === 404) return 'closed'
      return valueAt(route, ['route', 'cluster']) === 'app' ? 'app' : 'gateway'
    },
    question: ({ method, target, headers }) => ({
      method,
      target: prefix + target,
      headers: [['content-length', '0'], ...joined(headers).filter(([name]) => goesAlong(name))]
    }),
    allowed (request, answer) {
      if (answer?.status !== 200) return null
      const set = answer.headers.map(([name, value]): Header => [folded(name), value]).filter(([name]) => taken.has(name))
      const removed = valuesOf(answer.headers, 'x-envoy-auth-headers-to-remove').flatMap((names) => names.split(',').map((name) => name.trim()))
      return { ...request, headers: without(withEach(request.headers, set), removed) }
    }
  }
}

/** What is there twice is said once, with commas. */
function joined (headers: readonly Header[]): readonly Header[] {
  return [...new Set(headers.map(([name]) => folded(name)))].map((name) => [name, valuesOf(headers, name).join(',')])
}

/** normalize_path (RFC 3986 §6) without merge_slashes; null for what path_with_escaped_slashes_action refuses. */
function normalized (target: string): string | null {
  const [path = '', ...query] = target.split('?')
  if (/%2f|%5c|#/i.test(path) || path[0] !== '/') return null
  const segments: string[] = []
  for (const segment of path.replaceAll('\\', '/').replace(/%([0-9a-f]{2})/gi, unreserved).split('/').slice(1)) {
    if (segment === '..') segments.pop()
    else if (segment !== '.') segments.push(segment)
  }
  return [`/${segments.join('/')}`, ...query].join('?')
}

function unreserved (escape: string, hex: string): string {
  const character = String.fromCharCode(Number.parseInt(hex, 16))
  return /[\w.~-]/.test(character) ? character : escape
}
