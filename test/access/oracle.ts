/**
 * The rules of the contract (sections 3 to 5) once more, as plainly as they can be said and without a line of the gateway: every
 * route is tried, every comparison is written out, money is counted in whole millionths. Slow, and meant to be.
 */
export interface OracleRoute {
  readonly host?: string
  readonly path: string
  readonly exact?: boolean
  readonly methods?: readonly string[]
  readonly access?: 'signedIn' | 'anyone' | 'nobody'
  readonly allow?: { readonly ids?: readonly string[], readonly usernames?: readonly string[], readonly emails?: readonly string[], readonly emailDomains?: readonly string[] }
  readonly minBalance?: string
  readonly onUnknown?: 'pass' | 'block'
}

export interface OracleUser {
  readonly name: string
  readonly id: string
  readonly email: string | null
  /** null = not known, or not to be read as a number. */
  readonly balance: string | null
}

export interface Question {
  readonly host: string
  readonly method: string
  readonly target: string
  readonly user: OracleUser | null
}

/** What a program must be answered: 200 stands for "passes". */
export type Verdict = 200 | 400 | 401 | 402 | 403 | 404

export function verdict (routes: readonly OracleRoute[], everyone: NonNullable<OracleRoute['allow']>, { host, method, target, user }: Question): Verdict {
  const path = target.split('?')[0] ?? ''
  if (target.includes('#') || path.includes('\\') || /%5c|%00/i.test(path) || !path.startsWith('/') || path.startsWith('//')) return 400
  const open = openReading(path)
  if (open === null) return 400
  if (isOurs(open) || isOurs(strictReading(path))) return 404
  const [one, other] = [chosen(routes, host, method, strictReading(path)), chosen(routes, host, method, open)]
  if (one !== other) return 400
  if (one === null) return 404
  const answer = judged(one, everyone, user)
  if (answer !== 200) return answer
  // An app may read /A as /a: what passes has to pass so too. (No path of the table has a capital.)
  const small = chosen(routes, host, method, open.toLowerCase())
  return small === null ? 200 : judged(small, everyone, user)
}

function isOurs (path: string): boolean {
  const first = path.toLowerCase().split('/')[1]
  return first === 'oauth2'
}

/** Letters, digits and - . _ ~ are the same escaped or not; nothing else is. */
function strictReading (path: string): string {
  return path.replace(/%(4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]|3[0-9]|2[de]|5f|7e)/gi, (escape) => decodeURIComponent(escape))
}

/** Everything decoded, parameters cut, slashes merged. Null when a dot segment is in it, a slash hides in a parameter, or it cannot be decoded. */
function openReading (path: string): string | null {
  if (path.split('/').some((segment) => segment.includes(';') && segment.slice(segment.indexOf(';')).toLowerCase().includes('%2f'))) return null
  let text: string
  try {
    text = decodeURIComponent(path)
  } catch {
    return null
  }
  const segments = text.split('/').map((segment) => segment.includes(';') ? segment.slice(0, segment.indexOf(';')) : segment)
  if (segments.includes('.') || segments.includes('..')) return null
  let joined = segments.join('/')
  while (joined.includes('//')) joined = joined.replace('//', '/')
  return joined
}

function chosen (routes: readonly OracleRoute[], host: string, method: string, path: string): OracleRoute | null {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')
  const fitting = routes.filter((route) => fitsPath(route, path) && fitsHost(route, name) && fitsMethod(route, method))
  const rank = (route: OracleRoute): readonly number[] => [
    route.path.length,
    route.exact === true ? 1 : 0,
    route.host === undefined ? 0 : route.host.startsWith('*') ? 1 : 2,
    route.host?.length ?? 0,
    method === 'HEAD' && route.methods?.includes('HEAD') === true ? 1 : 0,
    route.methods === undefined ? 0 : 1
  ]
  let best: OracleRoute | null = null
  for (const route of fitting) if (best === null || isAbove(rank(route), rank(best))) best = route
  return best
}

function isAbove (a: readonly number[], b: readonly number[]): boolean {
  for (let index = 0; index < a.length; index++) {
    const [left, right] = [a[index] ?? 0, b[index] ?? 0]
    if (left !== right) return left > right
  }
  return false
}

function fitsPath (route: OracleRoute, path: string): boolean {
  if (route.exact === true) return path === route.path || path === route.path + '/'
  return route.path === '/' || path === route.path || path.startsWith(route.path + '/')
}

function fitsHost (route: OracleRoute, name: string): boolean {
  if (route.host === undefined) return true
  return route.host.startsWith('*') ? name.endsWith(route.host.substring(1)) && name !== route.host.substring(2) : name === route.host
}

function fitsMethod (route: OracleRoute, method: string): boolean {
  if (route.methods === undefined) return true
  return route.methods.includes(method) || (method === 'HEAD' && route.methods.includes('GET'))
}

function judged (route: OracleRoute, everyone: NonNullable<OracleRoute['allow']>, user: OracleUser | null): Verdict {
  if (route.access === 'nobody') return 403
  if (route.access === 'anyone') return 200
  if (user === null) return 401
  if (!isOn(everyone, user) || !isOn(route.allow ?? {}, user)) return 403
  if (route.minBalance === undefined) return 200
  if (user.balance === null) return route.onUnknown === 'block' ? 402 : 200
  return millionths(user.balance) < millionths(route.minBalance) ? 402 : 200
}

function isOn (list: NonNullable<OracleRoute['allow']>, { id, name, email }: OracleUser): boolean {
  const sizes = [list.ids, list.usernames, list.emails, list.emailDomains].map((entries) => entries?.length ?? 0)
  if (sizes.every((size) => size === 0)) return true
  if (list.ids?.includes(id) === true || list.usernames?.includes(name) === true) return true
  if (email === null) return false
  const domain = email.toLowerCase().split('@')[1] ?? ''
  return list.emails?.includes(email.toLowerCase()) === true || list.emailDomains?.includes(domain) === true
}

function millionths (decimal: string): bigint {
  const negative = decimal.startsWith('-')
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.')
  const amount = BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
  return negative ? -amount : amount
}
