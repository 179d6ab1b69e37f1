import { createHash } from 'node:crypto'
import type { Asked, StillPasses } from '../access/still-passes.ts'
import type { AihubmixClient } from '../aihubmix/client.ts'
import type { Config } from '../config/schema.ts'
import { GatewayError, InvalidAccessToken } from '../errors.ts'
import type { UserSession } from '../session/user-session.ts'
import { bearerToken, claimsOf, invalidToken } from './credentials.ts'
import type { HeldConnections } from './held-connections.ts'
import { createStrangers } from './strangers.ts'

/** A request, as far as it may be a program's. */
export interface Caller {
  readonly authorization: string | undefined
  readonly clientAddress: () => string
}

/** Programs that show an AIHubMix access token instead of a session (RFC 6750). */
export interface BearerClients {
  /**
   * Who the token of an Authorization header stands for; null when it holds none. Asked at AIHubMix, and believed for 30 seconds, never
   * beyond the token's own `exp`. `isFresh`: the balance was read in the last 2 seconds, as far as AIHubMix answers.
   * @throws GatewayError invalid_token, account_disabled, provider_refused, too_many_requests, provider_busy, provider_unavailable …
   */
  userOf (caller: Caller, how?: { readonly isFresh: boolean }): Promise<UserSession | null>
  /** Calls `end` when the token, which has just been accepted, is found to be good no longer, or the rules speak against what it holds open. */
  hold (opened: Opened, connection: Parameters<HeldConnections['add']>[1], end: () => void): void
  /** From now on what is held is watched here, by these rules. */
  begin (): void
  /** From now on what is held is watched by another, by its rules. */
  stop (): void
}

/** What a token has opened, and for whom. */
export interface Opened {
  readonly authorization: string | undefined
  readonly user: UserSession
  readonly asked: Asked
}

interface BearerClientsOptions {
  readonly aihubmix: Pick<AihubmixClient, 'userinfo'>
  readonly config: Pick<Config['aihubmix'], 'clientId' | 'scope' | 'budget' | 'bearerAudience'>
  readonly stillPasses: StillPasses
  /** What tokens hold open, whoever let them in. */
  readonly held: HeldConnections
  readonly now: () => number
  /** How often the tokens that hold something open are looked at. */
  readonly everyMs?: number
}

interface Accepted { readonly user: UserSession, readonly until: number }
interface Refused { readonly error: GatewayError, readonly until: number }

/** A revoked token is refused after this long at the latest. */
const believedMs = 30_000
/** One refusal answers for a program that asks in a loop. */
const refusedMs = 5_000
const freshMs = 2_000
const rememberedTokens = 10_000

export function createBearerClients ({ aihubmix, config, stillPasses, held, now, everyMs = 15_000 }: BearerClientsOptions): BearerClients {
  const { clientId } = config
  const scope = config.scope.split(' ')
  const accepted = new Map<string, Accepted>()
  const refused = new Map<string, Refused>()
  const asking = new Map<string, Promise<UserSession>>()
  const strangers = createStrangers({ budget: config.budget, now })
  let isWatching = false
  let rounds: NodeJS.Timeout | undefined

  /** By hash: no dump of our memory lists the tokens. By app: what AIHubMix says of a token it says to one app. */
  const hashOf = (token: string): string => createHash('sha256').update(`${clientId}\0${token}`).digest('base64url')

  async function userOf ({ authorization, clientAddress }: Caller, { isFresh } = { isFresh: false }): Promise<UserSession | null> {
    const token = bearerToken(authorization)
    if (token === null) return null
    const hash = hashOf(token)
    const known = accepted.get(hash)
    const isKnown = known !== undefined && now() < known.until
    if (isKnown && (!isFresh || now() - known.user.identity.readAt < freshMs)) return known.user
    const refusal = refused.get(hash)
    if (refusal !== undefined && now() < refusal.until) throw refusal.error
    const asked = asking.get(hash) ?? ask(token, hash, known === undefined ? strangersEntry(token, clientAddress) : () => {})
    return isKnown ? await asked.catch((error: unknown) => isOutage(error) ? known.user : Promise.reject(error)) : await asked
  }

  function strangersEntry (token: string, clientAddress: () => string): () => void {
    checkClaims(token) // what is refused here costs AIHubMix nothing, and so counts for nothing
    return strangers.enter(clientAddress())
  }

  /** Many at once for one token are one call. */
  function ask (token: string, hash: string, giveBack: () => void): Promise<UserSession> {
    const asked = read(token, hash).then((user) => {
      giveBack()
      return user
    }, (error: unknown) => {
      if (isOutage(error)) giveBack() // it says nothing about the token
      throw error
    }).finally(() => asking.delete(hash))
    asking.set(hash, asked)
    return asked
  }

  async function read (token: string, hash: string): Promise<UserSession> {
    try {
      const expiresAt = checkClaims(token)
      const until = Math.min(now() + believedMs, expiresAt)
      const tokens = { accessToken: token, refreshToken: null, obtainedAt: now(), accessTokenExpiresAt: until, scope }
      const identity = await aihubmix.userinfo(tokens)
      const user: UserSession = { tokens, identity, createdAt: now(), lastSeenAt: now() }
      remember(accepted, hash, { user, until })
      held.learn({ token, user })
      judge(token, user)
      return user
    } catch (error) {
      if (isOutage(error) || !(error instanceof GatewayError)) throw error
      const refusal = error instanceof InvalidAccessToken ? invalidToken(error.cause) : error
      accepted.delete(hash)
      remember(refused, hash, { error: refusal, until: now() + refusedMs })
      if (isWatching) held.end(token)
      throw refusal
    }
  }

  /** AIHubMix does not say whom a token was made for; the token may. Any app could be its user here otherwise. */
  function checkClaims (token: string): number {
    const { app, expiresAt } = claimsOf(token, clientId)
    if (expiresAt <= now()) throw invalidToken('it says that it has expired')
    if (app === 'other') throw invalidToken('made for another app')
    if (app === 'unknown' && config.bearerAudience === 'required') throw invalidToken('it does not say which app it was made for')
    return expiresAt
  }

  /** By the rules of today, as what a session holds open. Rules of yesterday end nothing. */
  function judge (token: string, { identity }: UserSession): void {
    if (isWatching) held.end(token, (asked) => !stillPasses(asked, identity, 'token'))
  }

  /** An outage ends nothing: the next round asks again. */
  function lookAtHeld (): void {
    for (const { token, user } of held.holders()) {
      judge(token, user)
      const hash = hashOf(token)
      if (!isBelieved(token, user) && !asking.has(hash)) ask(token, hash, () => {}).catch(() => {})
    }
  }

  /** The configuration that let it in may have been another app's, or less strict. */
  function isBelieved (token: string, { tokens }: UserSession): boolean {
    try {
      checkClaims(token)
      return now() < tokens.accessTokenExpiresAt
    } catch {
      return false
    }
  }

  return {
    userOf,
    hold ({ authorization, user, asked }, connection, end) {
      const token = bearerToken(authorization)
      if (token !== null) held.add({ token, user, asked }, connection, end)
    },
    begin () {
      isWatching = true
      rounds = setInterval(lookAtHeld, everyMs).unref()
      lookAtHeld() // what was opened under the rules before these
    },
    stop () {
      isWatching = false
      clearInterval(rounds)
    }
  }
}

function isOutage (error: unknown): boolean {
  return error instanceof GatewayError && error.status >= 500
}

/** The oldest goes when there is no room. */
function remember<Entry> (entries: Map<string, Entry>, hash: string, entry: Entry): void {
  entries.delete(hash)
  const [oldest] = entries.size >= rememberedTokens ? entries.keys() : []
  if (oldest !== undefined) entries.delete(oldest)
  entries.set(hash, entry)
}
