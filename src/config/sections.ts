import { z } from 'zod'
import { hostName, listenAddress, network, redirectUri, secureOrigin, secureUrl } from './addresses.ts'
import { allowRules } from './allow.ts'
import { secretFile, secretText } from './secrets.ts'
import { section } from './section.ts'
import { serverTls } from './tls.ts'
import { duration, size, timer } from './units.ts'

const limits = section({
  headerBytes: size({ atLeast: 1_024 }).prefault('32KiB').describe('All request headers together; above: 431'),
  urlBytes: size({ atLeast: 256 }).prefault('16KiB').describe('The request target; above: 414'),
  bodyBytes: z.union([z.literal('unlimited').transform(() => null), size()], 'must be "unlimited" or a size such as 10MB').prefault('unlimited')
    .describe('A request body; above: 413'),
  headersTimeout: timer().prefault('15s').describe('To receive all request headers'),
  requestTimeout: timer().prefault('0s').describe('To receive a whole request; 0s = none'),
  idleTimeout: timer({ atLeast: 1 }).prefault('75s').describe('A kept-alive connection without a request is closed after this long')
})

const drain = section({
  delay: timer().prefault('5s').describe('On SIGTERM: serve on this long while load balancers notice'),
  timeout: timer().prefault('30s').describe('Then let what runs finish within this long')
})

/** The section `server`. */
export const serverSection = section({
  listen: listenAddress.prefault('0.0.0.0:4180').describe('host:port of the public listener; of a name its IPv4 address, so localhost is 127.0.0.1'),
  publicUrl: secureOrigin.describe('Origin people open; https, or http on loopback only'),
  trustedProxies: z.array(network, 'must be a list of IP addresses and CIDRs; a number of hops or "true" would believe anyone').prefault([])
    .describe('IP addresses and CIDRs whose X-Forwarded-* count'),
  tls: serverTls.nullable().prefault(null).describe('Serve TLS ourselves'),
  workers: z.union([z.int().min(1), z.literal('auto')], 'must be a whole number from 1, or "auto"').default(1).describe('Processes; auto = one a core'),
  limits: limits.prefault({}).describe('What a client may send'),
  drain: drain.prefault({}).describe('How the gateway stops')
})

/** The section `admin`. */
export const adminSection = section({
  listen: listenAddress.prefault('127.0.0.1:4181').describe('host:port of health, metrics and session administration; never public'),
  token: secretText.refine((text) => text.length >= 16, 'must be at least 16 characters: whoever guesses it can sign everybody out').meta({ writeOnly: true }).nullable().prefault(null)
    .describe('Session administration (/sessions) asks for it as a bearer token; without one there is none'),
  tokenFile: secretFile.describe('File that holds token')
})

const aihubmixOrigin = 'https://api.aihubmix.com'

const budget = section({
  requests: z.int().min(2).default(450).describe('Calls in a window; AIHubMix limits by address, so divide its limit by the number of processes behind one'),
  window: duration({ atLeast: 1_000 }).prefault('3m').describe('Length of the window')
})

/** The section `aihubmix`. */
export const aihubmixSection = section({
  clientId: z.string().min(1, 'is empty').describe('Client id of the OAuth app'),
  clientSecret: secretText.describe('Client secret of the OAuth app'),
  clientSecretFile: secretFile.describe('File that holds clientSecret'),
  browserUrl: secureOrigin.prefault(aihubmixOrigin).describe('Where the browser goes to authorize'),
  serverUrl: secureOrigin.prefault(aihubmixOrigin).describe('Where the gateway calls token, userinfo and topup'),
  serverFallbackUrls: z.array(secureOrigin).prefault([]).describe('Where token, userinfo and topup are called while no connection to serverUrl comes about; they are sent the client secret'),
  appUrl: secureOrigin.prefault(aihubmixOrigin).describe('Where `app create` posts'),
  redirectUri: redirectUri.nullable().prefault(null).describe('Redirect URI registered at AIHubMix; default publicUrl + /oauth2/callback'),
  scope: z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'must be words separated by single spaces').default('profile balance').describe('Scopes asked for'),
  autoAuthorize: z.boolean().default(true).describe('One-click sign-in for someone who agreed before'),
  bearerAudience: z.enum(['required', 'unchecked']).default('required')
    .describe('Whether an access token on a route with bearer: true must say that it was made for clientId; unchecked believes one that says nothing'),
  pkce: z.enum(['off', 'S256']).default('off').describe('Proof key for code exchange (RFC 7636)'),
  timeout: timer({ atLeast: 1 }).prefault('10s').describe('AIHubMix has to answer within this long'),
  budget: budget.prefault({}).describe('How often one process calls AIHubMix at most; sign-ins go before background work'),
  topupHosts: z.array(hostName).prefault(['aihubmix.com', 'inferera.com']).describe('Hosts, and their sub-domains, a top-up link may lead to'),
  authorizationsUrl: secureUrl.nullable().prefault(null).describe('"Manage authorizations" link on our pages')
})

/** The section `identity`. */
export const identitySection = section({
  subject: z.enum(['id', 'username']).default('id').describe('What names a user; never the e-mail address'),
  maxAge: duration().prefault('30s').describe('What is known of a user is re-read when older than this'),
  maxStale: duration().prefault('10m').describe('AIHubMix unreachable: go on with what is known for this long'),
  trustEmails: z.boolean().default(false).describe('true: e-mail rules are accepted although AIHubMix does not say that an address was verified'),
  allow: allowRules.describe('Who may pass; empty = every AIHubMix user')
})

/** The section `log`. */
export const logSection = section({
  level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info').describe('Least severe level that is written')
})
