/** Reads and cuts a raw Cookie header (RFC 6265 §4.2.1) without parsing what is not ours. */

/** The names of the gateway's own cookies: neither an app nor a browser's other pages have any say in them. */
export interface OwnCookies {
  /** Holds the ticket. */
  readonly session: string
  /** Begins the name of every sign-in attempt's cookie. */
  readonly loginPrefix: string
  /** Marks a browser that signed out: its next sign-in asks first. */
  readonly signedOut: string
  includes (name: string): boolean
}

export function createOwnCookies (session: string): OwnCookies {
  const loginPrefix = `${session}-login-`
  const signedOut = `${session}-signed-out`
  return {
    session,
    loginPrefix,
    signedOut,
    includes: (name) => name === session || name === signedOut || name.startsWith(loginPrefix)
  }
}

/** The name in `name=value`, of a request's pair or of a whole Set-Cookie. */
export function cookieNameOf (pair: string): string {
  const end = pair.indexOf('=')
  return (end === -1 ? pair : pair.slice(0, end)).trim()
}

/** Every value sent under this name, in the order sent: a parent domain may have set one of the same name. */
export function cookieValues (header: string | undefined, name: string): readonly string[] {
  const values: string[] = []
  if (header === undefined) return values
  let equalsAt = -1
  // Only pairs that hold the name somewhere are looked at.
  for (let at = header.indexOf(name); at !== -1;) {
    const start = header.lastIndexOf(';', at) + 1
    const end = endOfPair(header, at)
    if (equalsAt < start) equalsAt = header.indexOf('=', start)
    if (equalsAt === -1) break // and never looked for again: a header of nothing but semicolons must not cost its square
    if (equalsAt < end && header.slice(start, equalsAt).trim() === name) values.push(header.slice(equalsAt + 1, end).trim())
    at = header.indexOf(name, end)
  }
  return values
}

function endOfPair (header: string, at: number): number {
  const semicolonAt = header.indexOf(';', at)
  return semicolonAt === -1 ? header.length : semicolonAt
}

/** The cookies whose name begins with `prefix`, the first value of each name; read in one pass. */
export function cookiesBeginning (header: string | undefined, prefix: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  if (header === undefined || !header.includes(prefix)) return found
  for (const pair of header.split(';')) {
    const name = cookieNameOf(pair)
    if (name.startsWith(prefix) && pair.includes('=') && !found.has(name)) found.set(name, pair.slice(pair.indexOf('=') + 1).trim())
  }
  return found
}

/** The header without our own cookies; every other byte as sent. Null when nothing is left. */
export function withoutOwnCookies (header: string, own: OwnCookies): string | null {
  let kept = ''
  let from = 0
  for (let at = header.indexOf(own.session); at !== -1;) { // every name of ours begins with it
    const start = header.lastIndexOf(';', at) + 1
    const end = endOfPair(header, at)
    if (own.includes(cookieNameOf(header.slice(start, end)))) {
      kept += header.slice(from, start)
      from = end + 1
    }
    at = header.indexOf(own.session, end)
  }
  if (from === 0) return header
  const rest = (from > header.length ? kept.slice(0, -1) : kept + header.slice(from)).trimStart()
  return rest === '' ? null : rest
}
