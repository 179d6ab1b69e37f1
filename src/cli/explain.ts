import { methodOverrides } from '../access/caller.ts'
import { decide, type Decision } from '../access/decide.ts'
import { requestHost } from '../access/host.ts'
import { readRequestTarget } from '../access/request-target.ts'
import { createRoutes } from '../access/routes.ts'
import { readBalance } from '../aihubmix/balance.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Route } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { Identity } from '../session/user-session.ts'

/** One request to be explained, and who would send it; null is somebody who is not signed in. */
export interface Explained {
  readonly method: string
  readonly host: string
  /** The request target, byte for byte. */
  readonly target: string
  readonly identity: Identity | null
}

/** Reads `GET https://app.example.com/x`; null when it is none. The target is not repaired: what is odd about it matters. */
export function readExplained (request: string, user: string | undefined): Explained | null {
  const { method, host, target = '' } = /^(?<method>[A-Z-]+) https?:\/\/(?<host>[^/?#\s]+)(?<target>\S*)$/.exec(request.trim())?.groups ?? {}
  const identity = user === undefined ? null : readIdentity(user)
  if (method === undefined || host === undefined || identity === undefined) return null
  return { method, host, target: target.startsWith('/') ? target : `/${target}`, identity }
}

const userFields = ['id', 'username', 'email', 'balance'] as const

/** Reads `id:1,username:ada`; undefined when it is not of that form. What is not named is not known. */
function readIdentity (text: string): Identity | undefined {
  const pairs = text.split(',').map((pair) => /^\s*(\w+):(.+?)\s*$/.exec(pair)?.slice(1) ?? [])
  const known = new Map(pairs.map(([name = '', value = '']) => [name, value]))
  if (Array.from(known.keys()).some((name) => !userFields.some((field) => field === name))) return undefined
  const field = (name: typeof userFields[number]): string | null => known.get(name) ?? null
  return { id: field('id') ?? '', username: field('username'), email: field('email'), balance: field('balance'), status: '1', readAt: 0, userinfo: '' }
}

/** Which route and which rule would decide, by the very functions that decide in the gateway. */
export function explain ({ config, placeOf }: Pick<LoadedConfig, 'config' | 'placeOf'>, { method, host, target, identity }: Explained): string {
  try {
    const read = readRequestTarget(target)
    const hostName = requestHost(['host', host])
    const isCallback = read.path === new URL(config.aihubmix.redirectUri).pathname
    if (read.isReserved || isCallback) return lines({ answer: 'the gateway\'s own endpoint, or 404; never the app\'s' })
    const { match, looserReadings, knowsHost } = createRoutes(config.routes)
    const met = match(hostName, method, read)
    if (met === null) return lines({ answer: knowsHost(hostName) ? '404 not_found' : '421 unknown_host', rule: 'no route serves this host, path and method' })
    const route = deciding(met, looserReadings(met, hostName, method, read, methodOverrides(method, {}, target)), (each) => decide(each, config.identity.allow, identity).outcome === 'allow')
    const index = config.routes.indexOf(route)
    const decision = decide(route, config.identity.allow, identity)
    const { key, why } = reason(route, decision, identity)
    const path = key.startsWith('identity') ? key.split('.') : ['routes', index, key]
    return lines({
      route: `routes[${index}] (${placeOf(['routes', index])}): ${described(route)}${route === met ? '' : '; for an app that reads capitals as small letters, or heeds _method'}`,
      user: identity === null ? 'not signed in' : userFields.map((name) => `${name} ${identity[name] ?? 'not known'}`).join(', '),
      answer: answers[decision.outcome],
      rule: `${key.startsWith('identity') ? key : `routes[${index}].${key}`} (${placeOf(path)}): ${why}`
    })
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
    return lines({ answer: `${error.status} ${error.code}`, rule: `${error.message}${cause}` })
  }
}

/** What the route met lets pass, another one may refuse: see decideForEach. */
function deciding (met: Route, others: readonly (Route | null)[], passes: (route: Route) => boolean): Route {
  return passes(met) ? others.find((other) => other !== null && !passes(other)) ?? met : met
}

const answers: Readonly<Record<Decision['outcome'], string>> = {
  allow: 'passes',
  'sign-in': 'a navigation is led to sign in; everything else gets 401 login_required',
  'top-up': '402 balance_too_low, with the way to top up',
  deny: '403 access_denied'
}

/** The key that settled it, and what it says. */
function reason ({ access, minBalance, onUnknown, warnBalance }: Route, decision: Decision, identity: Identity | null): { readonly key: string, readonly why: string } {
  switch (decision.outcome) {
    case 'sign-in': return { key: 'access', why: 'signedIn' }
    case 'top-up': return identity?.balance == null || readBalance(identity.balance) === null
      ? { key: 'onUnknown', why: `${onUnknown}: the balance is not known, or no number for sure` }
      : { key: 'minBalance', why: `the balance is below ${minBalance?.text}` }
    case 'deny': switch (decision.rule) {
      case 'identity.allow': return { key: 'identity.allow', why: 'the user is on none of its lists' }
      case 'route allow': return { key: 'allow', why: 'the user is on none of its lists' }
      default: return { key: 'access', why: access }
    }
    case 'allow': return decision.isBalanceLow
      ? { key: 'warnBalance', why: `the balance is below ${warnBalance?.text}: app and client are told` }
      : { key: 'access', why: access === 'signedIn' ? 'signedIn, and no other rule refuses this user' : access }
  }
}

function described ({ host, path, exact, methods, upstream }: Route): string {
  const where = upstream === null ? 'no upstream' : upstream.kind === 'unix' ? `unix:${upstream.socketPath}` : `${upstream.origin}${upstream.basePath}`
  return `${host ?? 'any host'}, ${exact ? 'exactly' : 'below'} ${path}, ${methods.length === 0 ? 'all methods' : methods.join(' ')}, to ${where}`
}

function lines (told: Readonly<Record<string, string>>): string {
  return Object.entries(told).map(([name, text]) => `${name.padEnd(8)}${text}`).join('\n')
}
