import { METHODS } from 'node:http'
import type { Rule } from './rules.ts'
import type { Written } from './written.ts'

/** Routes that no request reaches, or nobody passes: whoever wrote one believes in it. */
export const reachRules: readonly Rule[] = [
  { needs: ['routes', 'aihubmix.redirectUri'], find: callbackIsOurs },
  { needs: ['routes', 'identity.allow'], find: somebodyIsOnBothLists }
]

type Route = Written['routes'][number]

/** Why no request ever meets this route: the key, and what is wrong with it. */
export function unreachable ({ path, methods }: Route): readonly { readonly key: string, readonly message: string }[] {
  return [
    ...(/^\/oauth2(?:\/|$)/i.test(path) ? [{ key: 'path', message: 'is below /oauth2, which is the gateway\'s own and never proxied' }] : []),
    ...(path.includes(';') ? [{ key: 'path', message: 'holds ";": some servers cut a path there, so every request for it is refused as ambiguous; write the path before it' }] : []),
    ...(/["<>^`{|}]/.test(path) ? [{ key: 'path', message: 'holds a character that browsers send escaped, so their requests never meet it; write the path before it' }] : []),
    ...methods.filter((method) => !served.has(method)).map((method) => ({ key: 'methods', message: `holds ${method}, which is never served here` }))
  ]
}

/** TRACE would echo what browsers hide from scripts, CONNECT is no request for an app; what Node does not know is 400. */
const served: ReadonlySet<string> = new Set(METHODS.filter((method) => method !== 'TRACE' && method !== 'CONNECT'))

function callbackIsOurs ({ routes, aihubmix: { redirectUri } }: Written) {
  const path = redirectUri === null ? null : new URL(redirectUri).pathname.replace(/\/$/, '')
  return routes.flatMap((route, index) => route.path === path ? [{ path: ['routes', index, 'path'], message: 'is the path of aihubmix.redirectUri, which is the gateway\'s own: move one of them' }] : [])
}

const lists = ['ids', 'usernames', 'emails', 'emailDomains'] as const

/** A route narrows `identity.allow`. Where both name people in the same way and no one is in both, nobody passes. */
function somebodyIsOnBothLists ({ routes, identity: { allow } }: Written) {
  const [kind, ...others] = lists.filter((list) => allow[list].length > 0)
  if (kind === undefined || others.length > 0) return []
  return routes.flatMap((route, index) => {
    const used = lists.filter((list) => route.allow[list].length > 0)
    const isApart = used.length === 1 && used[0] === kind && !route.allow[kind].some((entry) => allow[kind].includes(entry))
    return isApart ? [{ path: ['routes', index, 'allow', kind], message: `lets nobody pass: no one of them is in identity.allow.${kind}, which a route can only narrow` }] : []
  })
}
