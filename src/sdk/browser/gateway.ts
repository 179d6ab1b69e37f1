import { GatewayError } from './gateway-error.ts'
import { signInQuestion } from './question.ts'
import { become, current, listen, offline, onChange, read } from './state.ts'
import type { User } from './user.ts'
import { refreshBalance, signIn, signOut, topUp, tracked, type SignInOptions } from './windows.ts'

/** Why the user is asked: a request was answered with 401, and it is sent once more after a sign-in. */
export interface SignInQuestion {
  readonly request: Request
  /** True for one that changes something: it would be sent in the name of whoever signs in. */
  readonly isUnsafe: boolean
}

export interface GatewayOptions {
  /** Asks the user before `fetch` signs in and sends again what changes something, or opens a popup no click has allowed. `confirm` unless given. */
  readonly ask?: (question: SignInQuestion) => boolean | Promise<boolean>
}

/** The gateway in front of this page. It holds no token and no secret: what it knows, the server says. */
export interface Gateway {
  /** Who is signed in; null when nobody is. @throws GatewayError */
  user (): Promise<User | null>
  /** Signs in by popup; where it is blocked the page itself goes, and comes back. Call it in a click. @throws GatewayError */
  signIn (options?: SignInOptions): Promise<User>
  /** Ends the session in every tab. @throws GatewayError */
  signOut (): Promise<void>
  /** The user with the balance as AIHubMix has it now. @throws GatewayError */
  refreshBalance (): Promise<User>
  /** Opens the top-up page; resolves once the balance has changed, or with the old one after 10 minutes. Call it in a click. @throws GatewayError */
  topUp (): Promise<User>
  /** Calls the listener whenever the user or the balance is another one, whichever tab was the cause. Answers how to stop. */
  on (event: 'change', listener: (user: User | null) => void): () => void
  /** Like `fetch`; where the gateway answers 401 it signs in and tries once more. @throws GatewayError, and the caller's own abort */
  fetch (input: RequestInfo | URL, init?: RequestInit): Promise<Response>
}

let question: NonNullable<GatewayOptions['ask']> = () => confirm(signInQuestion())
let asking: Promise<User | null> | undefined

const gateway: Gateway = {
  async user () {
    listen()
    return await (asking ??= read().finally(() => { asking = undefined }))
  },
  signIn,
  signOut,
  refreshBalance,
  topUp,
  on (_event, listener) {
    listen()
    return onChange(listener)
  },
  async fetch (input, init) {
    const again = input instanceof Request ? input.clone() : input
    const request = new Request(input, init)
    const response = await tracked(fetch(request)).catch((cause) => { if (request.signal.aborted) throw cause; return offline(cause) })
    if (!isSignInNeeded(response) || init?.body instanceof ReadableStream) return response
    const before = current()
    become(null)
    return await afterSignIn(request, before) ? await fetch(again, init).catch(offline) : response
  }
}

/** The gateway of this page. There is one: whoever calls gets the same, with the options that were given last. */
export function createGateway (options: GatewayOptions = {}): Gateway {
  question = options.ask ?? question
  return gateway
}

async function afterSignIn (request: Request, before: User | null | undefined): Promise<boolean> {
  const isUnsafe = !/^(GET|HEAD|OPTIONS)$/.test(request.method)
  if ((isUnsafe || navigator.userActivation?.isActive === false) && !await question({ request, isUnsafe })) return false
  const user = await signIn({ mayLeave: !isUnsafe })
  // What one person wrote is not sent in the name of another.
  if (isUnsafe && before && before.id !== user.id) throw new GatewayError('cancelled', { code: 'other_user' })
  return true
}

/** A 401 of the gateway's own, not one of the app or of another site. */
function isSignInNeeded ({ status, url, headers }: Response): boolean {
  return status === 401 && url.startsWith(`${location.origin}/`) && /^AIHubMix/.test(headers.get('www-authenticate') ?? '')
}
