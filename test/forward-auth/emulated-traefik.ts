import { parse } from 'yaml'
import { isTree, valueAt } from '../../src/config/tree.ts'
import { valuesOf, withEach, without, type Header, type Model, type Request } from './emulation.ts'

/**
 * Traefik's ForwardAuth and headers middlewares (doc.traefik.io, pkg/middlewares/auth/forward.go of 2.10): the question is a GET with the
 * client's headers, on which X-Forwarded-* are set anew; on 2xx each of authResponseHeaders is deleted from the request and set as far as
 * the answer has it; everything else goes to the client. A custom request header that is empty is deleted.
 */
export function emulatedTraefik (text: string): Model {
  const { http } = parse(text) as { http: unknown }
  const routers = Object.values(valueAt(http, ['routers']) as Record<string, Router>).toSorted((a, b) => b.priority - a.priority)
  const removed = Object.keys(valueAt(http, ['middlewares', 'aihubmix-strip', 'headers', 'customRequestHeaders']) as object)
  const forwardAuth = valueAt(http, ['middlewares', 'aihubmix-auth', 'forwardAuth'])
  const address = new URL(String(valueAt(forwardAuth, ['address'])))
  const taken = valueAt(forwardAuth, ['authResponseHeaders']) as readonly string[]
  if (!isTree(forwardAuth) || valueAt(forwardAuth, ['trustForwardHeader']) !== false) throw new Error('another file than this knows')

  const routerOf = (request: Request): Router | undefined => routers.find(({ rule }) => matches(rule, request))

  return {
    ownError: null,
    // What strangers say in X-Forwarded-* does not count at an entry point (forwardedHeaders.insecure is off); Go refuses a broken escape.
    received: (request) => pathOf(request) === null ? 400 : ({ ...request, headers: [...without(request.headers, ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-Real-Ip']), ['X-Forwarded-For', '127.0.0.1'], ['X-Forwarded-Host', hostOf(request)], ['X-Forwarded-Proto', 'http']] }),
    wayOf (request) {
      const router = routerOf(request)
      return router === undefined ? 'closed' : router.service === 'app' ? 'app' : 'gateway'
    },
    question: ({ method, target, headers }) => ({
      method: 'GET',
      target: address.pathname + address.search,
      headers: [['Host', address.host], ...withEach(without(headers, [...removed, 'Host', 'Content-Length']), [['X-Forwarded-Method', method], ['X-Forwarded-Host', hostOf({ headers })], ['X-Forwarded-Uri', target], ['X-Forwarded-Proto', 'http']])]
    }),
    allowed (request, answer) {
      if (answer === null || answer.status < 200 || answer.status >= 300) return null
      const set = taken.flatMap((name) => valuesOf(answer.headers, name).map((value): Header => [name, value]))
      return { ...request, headers: [...without(request.headers, [...removed, ...taken]), ...set] }
    }
  }
}

interface Router { readonly rule: string, readonly priority: number, readonly service: string }

/** Rules look at the path as Go decodes it. */
function matches (rule: string, request: Request): boolean {
  const path = pathOf(request) ?? ''
  return rule.split(' && ').every((term) => {
    const [, not, matcher, value = ''] = /^(!?)(Host|PathPrefix)\(`([^`]*)`\)$/.exec(term) ?? []
    if (matcher === undefined) throw new Error(`a rule this does not know: ${term}`)
    return (matcher === 'Host' ? hostOf(request) === value : path.startsWith(value)) !== (not === '!')
  })
}

function hostOf ({ headers }: Pick<Request, 'headers'>): string {
  return valuesOf(headers, 'Host')[0] ?? ''
}

function pathOf ({ target }: Request): string | null {
  try {
    return decodeURIComponent(target.split('?', 1)[0] ?? '')
  } catch {
    return null
  }
}
