import { failureOf, GatewayError } from './gateway-error.ts'
import { keyOf, userOf, type User } from './user.ts'

/** @internal What happened since somebody began to wait: the popup is done, the user came back to this page. */
export interface Watch {
  isDone: boolean
  isBack: boolean
  /** Resolves when something happened since the last rest, or after a while. */
  rest (ms: number): Promise<void>
  end (): void
}

const listeners = new Set<(user: User | null) => void>()
const watchers = new Set<(what: 'isDone' | 'isBack') => void>()
const askLimitMs = 20_000

let known: User | null | undefined
let channel: BroadcastChannel | undefined
let asked = 0
let newest = 0

/** @internal Who is signed in as far as this page knows; undefined when it has not asked yet. */
export function current (): User | null | undefined {
  return known
}

/** @internal Listens to the other tabs and to the user coming back; once a page. */
export function listen (): void {
  if (channel) return
  channel = new BroadcastChannel('aihubmix-gateway')
  channel.onmessage = ({ data }) => {
    if (data === 'signed-in') note('isDone')
    if (known !== undefined && data !== keyOf(known) && !/^(close|again)$/.test(data)) read('', true).catch(() => {})
  }
  addEventListener('focus', () => {
    note('isBack')
    // The session may have ended, and the balance changed, while nobody looked.
    if (known !== undefined) read().catch(() => {})
  })
}

/** @internal */
export function tell (message: string | undefined): void {
  channel?.postMessage(message)
}

/** @internal Calls the listener with each change from now on; the answer ends that. */
export function onChange (listener: (user: User | null) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** @internal What is known from now on, whatever a request on its way says. The other tabs are told, unless they told us. */
export function become (user: User | null, isTold = false, mark = ++asked): User | null {
  const isNew = keyOf(user) !== keyOf(known)
  known = user
  newest = mark
  if (isNew) {
    // What a listener throws is the page's affair, and no reason to leave out the others.
    listeners.forEach((listener) => queueMicrotask(() => listener(user)))
    if (!isTold) tell(keyOf(user))
  }
  return user
}

/** @internal Asks the gateway who is signed in. Throws `GatewayError`; "nobody" is null and no failure. */
export async function read (query = '', isTold = false): Promise<User | null> {
  const mine = ++asked
  const response = await ask(`userinfo${query}`)
  if (response.status !== 401 && !response.ok) throw await failureOf(response)
  const user = response.ok ? userOf(await response.text().catch(offline)) : null
  // An answer that was overtaken must not bring back who has signed out since.
  return mine < newest ? known ?? null : become(user, isTold, mine)
}

/** @internal One request to the gateway itself. */
export async function ask (path: string, method = 'GET'): Promise<Response> {
  return await fetch(`/oauth2/${path}`, { method, headers: { accept: 'application/json' }, cache: 'no-store', signal: AbortSignal.timeout(askLimitMs) }).catch(offline)
}

/** @internal */
export function offline (cause: unknown): never {
  throw new GatewayError('offline', { cause })
}

/** @internal */
export function watch (): Watch {
  let hasNews = false
  let wakeUp = (): void => {}
  const seen: Watch = {
    isDone: false,
    isBack: false,
    async rest (ms) {
      if (!hasNews) await new Promise<void>((resolve) => { setTimeout(wakeUp = resolve, ms) })
      hasNews = false
    },
    end: () => watchers.delete(noted)
  }
  const noted = (what: 'isDone' | 'isBack'): void => {
    seen[what] = hasNews = true
    wakeUp()
  }
  watchers.add(noted)
  return seen
}

function note (what: 'isDone' | 'isBack'): void {
  watchers.forEach((watcher) => watcher(what))
}
