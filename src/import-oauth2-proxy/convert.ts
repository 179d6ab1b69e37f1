import { identitySection } from './identity.ts'
import { adminSection, serverSection } from './listeners.ts'
import { noteFor } from './notes.ts'
import { createReading, type Note, type Reading } from './reading.ts'
import { convertRoutes } from './routes.ts'
import { sessionSection } from './session.ts'
import type { Settings } from './settings.ts'

export interface Converted {
  readonly config: Readonly<Record<string, unknown>>
  /** Settings without a counterpart, and what a person has to fill in or should know: no setting goes without a word. */
  readonly notes: readonly Note[]
}

/** Identity headers that oauth2-proxy sends the app, and the switch that turns each group on. */
const headerGroups = [
  { setting: 'pass_user_headers', isDefault: true, headers: { 'X-Forwarded-User': 'id', 'X-Forwarded-Email': 'email', 'X-Forwarded-Preferred-Username': 'username' } },
  { setting: 'set_xauthrequest', isDefault: false, headers: { 'X-Auth-Request-User': 'id', 'X-Auth-Request-Email': 'email', 'X-Auth-Request-Preferred-Username': 'username' } },
  { setting: 'pass_access_token', isDefault: false, headers: { 'X-Forwarded-Access-Token': 'accessToken' } }
] as const

/** Turns settings of oauth2-proxy into a configuration of ours. Never laxer than what it was made from: what cannot be said as strictly is noted. */
export function convert (settings: Settings): Converted {
  const reading = createReading(settings)
  const server = serverSection(reading)
  const routes = convertRoutes(reading, server.trustedProxies.length > 0)
  const config = {
    server,
    ...adminSection(reading),
    aihubmix: aihubmixSection(reading),
    session: sessionSection(reading, server.publicUrl),
    identity: identitySection(reading),
    headers: { set: { 'X-User-Id': 'id', 'X-User-Email': 'email', 'X-User-Balance': 'balance', ...Object.assign({}, ...headerGroups.filter(({ setting, isDefault }) => reading.isOn(setting, isDefault)).map(({ headers }) => headers)) } },
    routes
  }
  fixedPrefix(reading)
  for (const setting of reading.unread()) reading.note(setting, noteFor(setting))
  for (const setting of reading.empty()) if (!reading.notes.some((note) => note.setting === setting)) reading.note(setting, 'is empty, which is as not set')
  return { config, notes: reading.notes }
}

function aihubmixSection ({ one, note }: Reading): object {
  const method = one('code_challenge_method')
  if (method !== undefined && method !== 'S256') note('code_challenge_method', 'not carried over: aihubmix.pkce is off or S256')
  return {
    clientId: 'client_replace_me',
    clientSecret: 'replace-me',
    ...redirectUri(one('redirect_url')),
    ...(method === 'S256' ? { pkce: 'S256' } : {})
  }
}

function redirectUri (text: string | undefined): object {
  const url = URL.parse(text ?? '')
  return url === null || ['/', '/oauth2/callback'].includes(url.pathname) ? {} : { redirectUri: `${url.origin}${url.pathname}` }
}

function fixedPrefix ({ one, note }: Reading): void {
  const prefix = one('proxy_prefix')
  if (prefix !== undefined && prefix !== '/oauth2') note('proxy_prefix', 'no counterpart: the gateway\'s own addresses are below /oauth2; the callback alone can be elsewhere (aihubmix.redirectUri)')
}
