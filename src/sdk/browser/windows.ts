import { failureOf, GatewayError } from './gateway-error.ts'
import { ask, become, current, listen, read, tell, watch, type Watch } from './state.ts'
import { keyOf, type User } from './user.ts'

/** How a sign-in is done. */
export interface SignInOptions {
  /** False: the page itself goes to AIHubMix and comes back. */
  readonly popup?: boolean
  /** Where a sign-in without popup ends: a path of this site. The page it began on unless given. */
  readonly returnTo?: string
  /** False: when the popup is blocked the page stays, and the sign-in fails with the code `popup_blocked`. */
  readonly mayLeave?: boolean
}

const lookEveryMs = 3_000
/** How long a sign-in, and a top-up, is waited for: as long as the gateway itself does. */
const patienceMs = 600_000

const inFlight = new Set<Promise<unknown>>()
let pending: Promise<User> | undefined

/** @internal A request whose late 401 would take the cookie of a sign-in away that was done meanwhile. */
export function tracked (request: Promise<Response>): Promise<Response> {
  inFlight.add(request)
  request.catch(() => {}).then(() => inFlight.delete(request))
  return request
}

/**
 * @internal Signs in, in a popup that is opened at once, so that a click allows it. What came of it is asked of the server,
 * because a page of AIHubMix may cut the popup off, which then looks closed. Several calls share one popup.
 */
export function signIn (options: SignInOptions = {}): Promise<User> {
  if (pending) return pending
  listen()
  const popup = options.popup === false ? null : opened('/oauth2/start?mode=popup', 'popup,width=500,height=700')
  if (!popup) return withoutPopup(options)
  const seen = watch()
  return (pending = signedIn(popup, seen).finally(() => { seen.end(); pending = undefined }))
}

async function withoutPopup ({ popup, mayLeave, returnTo = location.href.slice(location.origin.length) }: SignInOptions): Promise<never> {
  if (popup !== false && mayLeave === false) throw new GatewayError('cancelled', { code: 'popup_blocked' })
  return await leave(`start?rd=${encodeURIComponent(returnTo)}`)
}

async function signedIn (popup: Window, seen: Watch): Promise<User> {
  const before = keyOf(current() ?? null)
  const until = Date.now() + patienceMs
  let retries = 1
  while (Date.now() < until) {
    await seen.rest(lookEveryMs)
    const { isDone } = seen
    seen.isDone = false
    if (isDone) await Promise.allSettled(inFlight)
    const user = await read().catch(() => null)
    if (user && (isDone || keyOf(user) !== before)) {
      tell('close')
      popup.close()
      return user
    }
    // A request of before was answered after the sign-in and took its cookie along: once more, without a question.
    if (isDone && retries-- > 0) tell('again')
    // Cut off and closed look the same; whoever is back at this page without a session has left the popup.
    else if (seen.isBack && popup.closed) throw new GatewayError('cancelled')
  }
  throw new GatewayError('cancelled', { code: 'timeout' })
}

/** @internal Opens the top-up page and resolves once the balance is another one; with the user as known when it stays. */
export async function topUp (): Promise<User> {
  listen()
  if (!opened('/oauth2/topup', '')) return await leave('topup')
  const seen = watch()
  let user = current() ?? await read()
  const before = user?.balance
  const until = Date.now() + patienceMs
  while (user && user.balance === before && Date.now() < until) {
    await seen.rest(lookEveryMs)
    user = await read(seen.isBack ? '?fresh=1' : '').catch(() => user)
    seen.isBack = false
  }
  seen.end()
  return present(user)
}

/** @internal The balance as AIHubMix has it now. */
export async function refreshBalance (): Promise<User> {
  return present(await read('?fresh=1'))
}

/** @internal Ends the session, in every tab. */
export async function signOut (): Promise<void> {
  listen()
  const response = await ask('sign_out', 'POST')
  if (!response.ok) throw await failureOf(response)
  become(null)
}

function present (user: User | null): User {
  if (!user) throw new GatewayError('signed-out', { code: 'login_required', status: 401 })
  return user
}

/** Null when it was blocked. What is opened must not reach this page (reverse tabnabbing). */
function opened (url: string, features: string): Window | null {
  const popup = open(url, '_blank', features)
  if (!popup || popup.closed) return null
  popup.opener = null
  return popup
}

/** The page goes; nothing comes after. */
async function leave (path: string): Promise<never> {
  location.assign(`/oauth2/${path}`)
  return await new Promise<never>(() => {})
}
