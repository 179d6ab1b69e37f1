import { randomBytes } from 'node:crypto'
import { convertRoutes } from './routes.ts'
import type { Settings } from './settings.ts'

/** What became of a setting that is not simply carried over. */
export interface Note {
  readonly setting: string
  readonly text: string
}

export interface Converted {
  readonly config: Readonly<Record<string, unknown>>
  /** Settings without a counterpart, and what a person has to fill in or should know: no setting goes without a word. */
  readonly notes: readonly Note[]
}

const fixed = 'not needed: always so here'
const noted: Readonly<Record<string, string>> = {
  client_id: 'belongs to another provider: register an app with `aihubmix-gateway app create` and set aihubmix.clientId',
  client_secret: 'belongs to another provider: set aihubmix.clientSecret or aihubmix.clientSecretFile',
  client_secret_file: 'belongs to another provider: set aihubmix.clientSecret or aihubmix.clientSecretFile',
  provider: 'not needed: the provider is AIHubMix',
  provider_display_name: 'not needed: the provider is AIHubMix',
  scope: 'belongs to another provider: aihubmix.scope is "profile balance" unless set',
  cookie_secret: 'no counterpart: session.keys are 32 bytes in base64; `aihubmix-gateway keygen` makes one',
  cookie_secret_file: 'no counterpart: session.keysFile names a file of keys made by `aihubmix-gateway keygen`',
  cookie_httponly: fixed,
  cookie_secure: 'not needed: Secure wherever server.publicUrl is https',
  cookie_samesite: 'not needed: Lax',
  cookie_refresh: 'not needed: tokens are renewed 5 minutes before they run out',
  cookie_path: 'no counterpart: the cookie is for the whole host',
  session_store_type: 'carried over as far as session.redis goes',
  flush_interval: 'not needed: answers are streamed as they come',
  pass_basic_auth: 'no counterpart: apps get identity headers, or X-User-Assertion, which they can verify',
  skip_provider_button: 'not needed: who opens a protected page is led straight to AIHubMix',
  silence_ping_logging: 'no counterpart',
  reverse_proxy: 'no switch: name the proxies in server.trustedProxies',
  trusted_ips: 'no counterpart: nobody passes for his address; write routes with access: anyone',
  real_client_ip_header: 'no counterpart: X-Forwarded-For of server.trustedProxies counts'
}

/** Identity headers that oauth2-proxy sends the app, and the switch that turns each group on. */
const headerGroups = [
  { setting: 'pass_user_headers', isDefault: true, headers: { 'X-Forwarded-User': 'id', 'X-Forwarded-Email': 'email', 'X-Forwarded-Preferred-Username': 'username' } },
  { setting: 'set_xauthrequest', isDefault: false, headers: { 'X-Auth-Request-User': 'id', 'X-Auth-Request-Email': 'email', 'X-Auth-Request-Preferred-Username': 'username' } },
  { setting: 'pass_access_token', isDefault: false, headers: { 'X-Forwarded-Access-Token': 'accessToken' } }
] as const

/** Turns settings of oauth2-proxy into a configuration of ours. Never laxer than what it was made from: what cannot be said as strictly is noted. */
export function convert (settings: Settings): Converted {
  const notes: Note[] = []
  const used = new Set<string>()
  const note = (setting: string, text: string): void => { notes.push({ setting, text }) }
  const all = (name: string): readonly string[] => {
    used.add(name)
    return settings.get(name) ?? []
  }
  const one = (name: string): string | undefined => all(name).at(-1)
  const isOn = (name: string, otherwise = false): boolean => ['true', '1', 't'].includes((one(name) ?? String(otherwise)).toLowerCase())

  const server = serverSection({ one, all, note })
  const routes = convertRoutes({ one, all, isOn, note, mayForwardAuth: server.trustedProxies.length > 0 })
  const config = {
    server,
    aihubmix: {
      clientId: 'client_replace_me',
      clientSecret: 'replace-me',
      ...redirectUri(one('redirect_url')),
      ...(one('code_challenge_method') === 'S256' ? { pkce: 'S256' } : {})
    },
    session: sessionSection({ one, all, note }, server.publicUrl),
    identity: identitySection({ all, note }),
    headers: { set: { 'X-User-Id': 'id', 'X-User-Email': 'email', 'X-User-Balance': 'balance', ...Object.assign({}, ...headerGroups.filter(({ setting, isDefault }) => isOn(setting, isDefault)).map(({ headers }) => headers)) } },
    routes
  }
  for (const setting of settings.keys()) {
    const text = noted[setting]
    if (text !== undefined) note(setting, text)
    else if (!used.has(setting)) note(setting, /^(oidc|google|github|azure|entra|keycloak|gitlab|bitbucket|login_gov|jwt|allowed_(group|role)|insecure_oidc|login_url|redeem_url|profile_url|validate_url|resource|prompt|acr|approval)/.test(setting) ? 'no counterpart: it belongs to another provider' : 'no counterpart')
  }
  return { config, notes }
}

interface Reading {
  one (name: string): string | undefined
  all (name: string): readonly string[]
  note (setting: string, text: string): void
}

function serverSection ({ one, all, note }: Reading) {
  const redirect = URL.parse(one('redirect_url') ?? '')
  const isUsable = redirect !== null && (redirect.protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(redirect.hostname))
  if (!isUsable) note('redirect_url', 'is missing, relative or not https: set server.publicUrl to the origin people open')
  const listen = listenAddress(one('http_address') ?? '127.0.0.1:4180')
  if (listen === null) note('http_address', 'no counterpart: set server.listen to host:port')
  if (all('https_address').length > 0) note('https_address', 'no counterpart: with server.tls, server.listen serves TLS')
  const trustedProxies = all('trusted_proxy_ips').filter((network) => !network.endsWith('/0'))
  if (trustedProxies.length < all('trusted_proxy_ips').length) note('trusted_proxy_ips', 'a network that is everyone is left out: name the proxies')
  return { listen: listen ?? '127.0.0.1:4180', publicUrl: isUsable ? redirect.origin : 'https://app.example.com', trustedProxies }
}

function listenAddress (text: string): string | null {
  const [, host = '', port = ''] = /^(?:http:\/\/)?([\w.-]*|\[[0-9a-fA-F:]+\]):(\d+)$/.exec(text) ?? []
  return port === '' ? null : `${host === '' ? '0.0.0.0' : host}:${port}`
}

function redirectUri (text: string | undefined): object {
  const url = URL.parse(text ?? '')
  return url === null || ['/', '/oauth2/callback'].includes(url.pathname) ? {} : { redirectUri: `${url.origin}${url.pathname}` }
}

function sessionSection ({ one, all, note }: Reading, publicUrl: string): object {
  const maxAgeSeconds = goDurationSeconds(one('cookie_expire') ?? '168h')
  if (maxAgeSeconds === null) note('cookie_expire', 'is no duration that could be read: session.maxAge is 7d')
  const seconds = maxAgeSeconds === null || maxAgeSeconds < 1 ? 604_800 : maxAgeSeconds
  const [domain, ...more] = all('cookie_domains').map((name) => name.replace(/^\./, ''))
  const host = new URL(publicUrl).hostname
  const isParent = domain !== undefined && domain.includes('.') && (host === domain || host.endsWith(`.${domain}`))
  if (more.length > 0 || (domain !== undefined && !isParent)) note('cookie_domains', 'one domain at or above the host of server.publicUrl can be session.cookieDomain')
  const name = one('cookie_name')
  const keepsName = name !== undefined && !(publicUrl.startsWith('http:') && /^__/.test(name)) && !(isParent && /^__host-/i.test(name))
  if (name !== undefined && !keepsName) note('cookie_name', 'has a prefix that does not fit: left out')
  return {
    maxAge: `${seconds}s`,
    idleTimeout: `${Math.min(seconds, 604_800)}s`,
    ...(keepsName ? { cookieName: name } : {}),
    ...(isParent ? { cookieDomain: domain } : {}),
    ...redisSection({ one, all, note })
  }
}

function redisSection ({ one, note }: Reading): object {
  const url = one('redis_connection_url')
  const password = one('redis_password')
  if (one('session_store_type') !== 'redis') return {}
  if (url === undefined) {
    note('session_store_type', 'Redis without redis_connection_url: set session.redis (sentinels and cluster are there) and session.keys')
    return {}
  }
  note('session.keys', 'was made for this file; it is a secret')
  return { keys: [randomBytes(32).toString('base64')], redis: { url, ...(password === undefined ? {} : { password }) } }
}

function identitySection ({ all, note }: Pick<Reading, 'all' | 'note'>): object {
  const domains = all('email_domains').filter((domain) => domain !== '*').map((domain) => domain.replace(/^[.*@]+/, ''))
  const restrictions = restricting.filter((name) => all(name).length > 0)
  for (const name of restrictions) note(name, 'no counterpart: nobody may pass until you write in identity.allow who may')
  if (restrictions.length > 0) return { allow: { ids: ['replace-me'] } }
  if (all('email_domains').includes('*') || domains.length === 0) {
    note('identity.allow', 'is empty: every AIHubMix user may pass')
    return {}
  }
  note('email_domains', 'carried over with identity.trustEmails: AIHubMix does not say that an address was verified; rules by id are safer')
  return { trustEmails: true, allow: { emailDomains: domains } }
}

/** They let some users in and not others: left out, everybody would be let in. */
const restricting = ['authenticated_emails_file', 'htpasswd_file', 'allowed_groups', 'allowed_group', 'allowed_roles', 'allowed_role', 'github_org', 'github_team', 'github_repo', 'github_users', 'gitlab_groups', 'gitlab_projects', 'google_groups', 'google_group', 'keycloak_groups', 'bitbucket_team', 'bitbucket_repository']

/** `168h`, `168h0m0s`, `30m`, `90s`; null for anything else. */
export function goDurationSeconds (text: string): number | null {
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text)
  if (parts === null || text === '') return null
  const [hours, minutes, seconds] = parts.slice(1).map((part: string | undefined) => Number(part ?? 0))
  return (hours ?? 0) * 3_600 + (minutes ?? 0) * 60 + (seconds ?? 0)
}
