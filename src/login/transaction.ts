import { createHash, randomBytes } from 'node:crypto'
import { GatewayError } from '../errors.ts'
import { cookiesBeginning, cookieValues } from '../session/cookies.ts'
import type { CookieSeal } from '../session/plugin.ts'

/**
 * One sign-in attempt: "transaction-specific and securely bound to the user agent" (RFC 9700 §2.1.1). It lives in a sealed
 * cookie of its own, so several tabs sign in at once, and a callback that reaches another browser is worth nothing.
 */
export interface LoginTransaction {
  readonly state: string
  /** RFC 7636 §4.1 */
  readonly codeVerifier: string
  readonly returnTo: string
  /** epoch ms */
  readonly startedAt: number
  /** Begun by the gateway itself after a code that was no good (V-39): there is no second time. */
  readonly isRestart: boolean
}

/** How long a person may take at AIHubMix. */
export const transactionMaxAgeMs = 10 * 60_000

/** Its cookie stays longer, so that a person who took too long is told so, and not that the sign-in is somebody else's. */
export const transactionCookieMaxAgeMs = 6 * transactionMaxAgeMs

/** Sign-in cookies of one browser together: more would meet header limits (oauth2-proxy#2383). */
const cookieBudgetBytes = 8 * 1024
const mostAttempts = 64

export interface LoginTransactions {
  /** A new attempt, its cookie, and the cookies of older attempts that have to go to make room. */
  begin (returnTo: string, cookieHeader: string | undefined, how?: { readonly isRestart: boolean }): { transaction: LoginTransaction, cookieName: string, cookieValue: string, crowdedOut: readonly string[] }
  /**
   * The attempt this state belongs to, if this browser began it.
   * @throws GatewayError invalid_state, sign_in_expired
   */
  find (state: string, cookieHeader: string | undefined): LoginTransaction
  cookieName (state: string): string
}

interface LoginTransactionsOptions {
  readonly seal: CookieSeal
  /** Every sign-in cookie's name begins so; it begins with the session cookie's name, so the proxy cuts both in one go. */
  readonly cookiePrefix: string
  readonly now: () => number
}

export function createLoginTransactions ({ seal, cookiePrefix, now }: LoginTransactionsOptions): LoginTransactions {
  const cookieName = (state: string): string => cookiePrefix + createHash('sha256').update(state).digest('base64url').slice(0, 12)

  const opened = (value: string): LoginTransaction | null => {
    const data = seal.open(value)
    if (data?.['state'] === undefined || data['codeVerifier'] === undefined || data['returnTo'] === undefined) return null
    return { state: data['state'], codeVerifier: data['codeVerifier'], returnTo: data['returnTo'], startedAt: Number(data['startedAt']), isRestart: data['isRestart'] === '1' }
  }

  const olderAttempts = (cookieHeader: string | undefined) => Array.from(cookiesBeginning(cookieHeader, cookiePrefix))
    .slice(0, mostAttempts) // a made-up header must not cost more than a real one
    .map(([name, value]) => ({ name, bytes: name.length + value.length, startedAt: opened(value)?.startedAt ?? 0 }))
    .toSorted((a, b) => b.startedAt - a.startedAt)

  return {
    cookieName,
    begin (returnTo, cookieHeader, { isRestart } = { isRestart: false }) {
      const transaction = { state: randomText(), codeVerifier: randomText(), returnTo, startedAt: now(), isRestart }
      const cookieValue = seal.seal({ ...transaction, startedAt: String(transaction.startedAt), isRestart: isRestart ? '1' : '0' })
      let bytes = cookieValue.length
      const crowdedOut = olderAttempts(cookieHeader).filter((attempt) => (bytes += attempt.bytes) > cookieBudgetBytes).map(({ name }) => name)
      return { transaction, cookieName: cookieName(transaction.state), cookieValue, crowdedOut }
    },
    find (state, cookieHeader) {
      const transaction = cookieValues(cookieHeader, cookieName(state)).map(opened).find((found) => found?.state === state)
      if (transaction == null) throw new GatewayError('invalid_state', { cause: new Error('no sign-in cookie for this state') })
      if (now() - transaction.startedAt > transactionMaxAgeMs) throw new GatewayError('sign_in_expired')
      return transaction
    }
  }
}

/** S256 (RFC 7636 §4.2). */
export function codeChallenge (codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier).digest('base64url')
}

/** 256 bits, unguessable (RFC 9700 §4.7, RFC 7636 §7.1). */
function randomText (): string {
  return randomBytes(32).toString('base64url')
}
