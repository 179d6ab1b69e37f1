import { randomBytes } from 'node:crypto'
import type { Written } from './written.ts'

/** One a process, so that a configuration read again does not end the sessions of the memory store. */
const keyMadeAtStart = randomBytes(32)

/** Fills in the defaults that follow from other keys, and leaves out the `…File` keys: their content stands in its place. */
export function resolve (config: Written) {
  return { ...config, admin: resolveAdmin(config), aihubmix: resolveAihubmix(config), session: resolveSession(config) }
}

function resolveAdmin ({ admin: { tokenFile: _, ...rest } }: Written) {
  return rest
}

function resolveAihubmix ({ aihubmix, server }: Written) {
  const { clientSecretFile: _, ...rest } = aihubmix
  return { ...rest, redirectUri: aihubmix.redirectUri ?? `${server.publicUrl}/oauth2/callback` }
}

function resolveSession ({ session, server }: Written) {
  const { keysFile: _, ...rest } = session
  return {
    ...rest,
    keys: session.keys.length === 0 && session.redis === null ? [keyMadeAtStart] : session.keys,
    redis: session.redis && resolveRedis(session.redis),
    cookieName: session.cookieName ?? defaultCookieName(server.publicUrl, session.cookieDomain)
  }
}

function resolveRedis ({ urlFile: _, passwordFile: __, sentinels, ...rest }: NonNullable<Written['session']['redis']>) {
  return { ...rest, sentinels: sentinels && resolveSentinels(sentinels) }
}

function resolveSentinels ({ passwordFile: _, ...rest }: NonNullable<NonNullable<Written['session']['redis']>['sentinels']>) {
  return rest
}

/** The prefix makes the browser enforce Secure, and with `__Host-` that no sub-domain set the cookie. */
function defaultCookieName (publicUrl: string, cookieDomain: string | null): string {
  if (publicUrl.startsWith('http:')) return 'aihubmix'
  return cookieDomain === null ? '__Host-aihubmix' : '__Secure-aihubmix'
}
