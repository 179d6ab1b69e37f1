import type { AihubmixClient } from '../aihubmix/client.ts'
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { UserSession } from '../session/user-session.ts'
import type { LoginTransaction } from './transaction.ts'

interface ExchangeOptions {
  readonly aihubmix: Pick<AihubmixClient, 'authorizationCodeGrant' | 'userinfo'>
  readonly config: Pick<Config, 'aihubmix'>
}

/**
 * The tokens AIHubMix gives for a code (RFC 6749 §4.1.3), and whose they are.
 * @throws InvalidGrant, and what else a call to AIHubMix throws; never login_required
 */
export async function exchanged (code: string, { codeVerifier }: LoginTransaction, { aihubmix, config: { aihubmix: { redirectUri, pkce } } }: ExchangeOptions): Promise<Pick<UserSession, 'tokens' | 'identity'>> {
  const tokens = await aihubmix.authorizationCodeGrant({ code, redirectUri, codeVerifier: pkce === 'S256' ? codeVerifier : null })
  return { tokens, identity: await firstIdentity(() => aihubmix.userinfo(tokens, 'sign-in')) }
}

/** A token that is refused the moment it was given is no reason to sign in again: that would loop. */
async function firstIdentity (read: () => ReturnType<AihubmixClient['userinfo']>): ReturnType<AihubmixClient['userinfo']> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'login_required') throw new GatewayError('exchange_failed', { cause: error.cause })
    throw error
  }
}
