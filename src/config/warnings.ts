import type { ClientTls, Config } from './schema.ts'

/** What is allowed, and less safe than it could be: said at every start, so that nobody forgets it. */
export function warningsAbout (config: Config): readonly string[] {
  const { server, aihubmix, session, identity, headers, routes } = config
  const tls = [{ path: 'session.redis.tls', tls: session.redis?.tls }, ...routes.map((route, index) => ({ path: `routes[${index}].tls`, tls: route.tls }))]
  return [
    ...placeholdersIn(config),
    ...server.trustedProxies.filter((network) => network.endsWith('/0')).map((network) => `server.trustedProxies holds ${network}: X-Forwarded-* is believed from everyone, so anyone can claim any address`),
    ...tls.flatMap((entry) => unverified(entry)),
    ...(session.redis === null ? ['session.redis is not set: sessions live in the memory of this process, are lost when it ends and are not shared by replicas'] : []),
    ...routes.flatMap((route, index) => signsInElsewhere(route, index, config)),
    ...(identity.trustEmails ? ['identity.trustEmails is true: AIHubMix does not say that an e-mail address was verified'] : []),
    ...(aihubmix.bearerAudience === 'unchecked' && routes.some(({ bearer }) => bearer) ? ['aihubmix.bearerAudience is unchecked: an access token that does not say which app it was made for is accepted, so any other app can act here as each of its users'] : []),
    ...Object.entries(headers.set).filter(([, field]) => field === 'accessToken').map(([name]) => `headers.set hands the access token to the app in ${name}: who reads it can spend the user's balance`)
  ]
}

/** AIHubMix leads back to the public host; a session is shared by cookieDomain, or handed to hosts that are written out. */
function signsInElsewhere ({ host, access }: Config['routes'][number], index: number, { server, session: { cookieDomain } }: Config): readonly string[] {
  if (access !== 'signedIn' || host === null || !host.startsWith('*.')) return []
  const isShared = cookieDomain !== null && (host.slice(2) === cookieDomain || host.endsWith(`.${cookieDomain}`))
  return isShared ? [] : [`routes[${index}].host is ${host}, which session.cookieDomain does not cover: who signs in there ends up on ${server.publicUrl}. Set cookieDomain above both, or write the hosts out`]
}

/** What config/minimal.yaml and config/example.yaml hold until somebody fills it in. */
const placeholders = { clientId: 'client_replace_me', clientSecret: 'replace-me' } as const

function placeholdersIn ({ aihubmix }: Config): readonly string[] {
  const left = [
    ...(aihubmix.clientId === placeholders.clientId ? ['aihubmix.clientId'] : []),
    ...(aihubmix.clientSecret === placeholders.clientSecret ? ['aihubmix.clientSecret'] : [])
  ]
  return left.map((key) => `${key} is still the example's: nobody can sign in before it is yours`)
}

function unverified ({ path, tls }: { readonly path: string, readonly tls: ClientTls | undefined }): readonly string[] {
  return tls?.verify === false ? [`${path}.verify is false: any certificate is accepted, so anyone on the way can read and change everything`] : []
}
