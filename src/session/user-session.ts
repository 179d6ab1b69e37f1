/** The tokens of one user, as AIHubMix's token response gave them (RFC 6749 §5.1). */
export interface TokenSet {
  readonly accessToken: string
  /** null when AIHubMix gave none: the session then lives as long as the access token. */
  readonly refreshToken: string | null
  /** When the response was received, epoch ms. */
  readonly obtainedAt: number
  /** epoch ms, from `expires_in` at receipt; what a JWT says of itself is never read. */
  readonly accessTokenExpiresAt: number
  /** The granted scopes. */
  readonly scope: readonly string[]
}

/** Who the user is, as AIHubMix last said. `null` is "not known", never "none". */
export interface Identity {
  /** Stable key of the user: the id as text, or the username where `identity.subject` says so. Never the e-mail. */
  readonly id: string
  readonly username: string | null
  readonly email: string | null
  /** AIHubMix's `balance_formatted`, verbatim. */
  readonly balance: string | null
  readonly status: string | null
  /** When AIHubMix said so, epoch ms. */
  readonly readAt: number
  /** The answer as received, for /oauth2/userinfo. */
  readonly userinfo: string
}

/** The user was led to top up: until the balance is another one, or the time is over, it is re-read eagerly. */
export interface TopUp {
  /** The balance known when the user left. */
  readonly from: string | null
  /** epoch ms */
  readonly until: number
}

/** One user signed in with one browser. */
export interface UserSession {
  readonly tokens: TokenSet
  readonly identity: Identity
  /** epoch ms */
  readonly createdAt: number
  /** When the session was last used, epoch ms. */
  readonly lastSeenAt: number
  readonly topUp?: TopUp
}
