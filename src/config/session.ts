import { z } from 'zod'
import { listenAddress } from './addresses.ts'
import { secretFile, secretText, sessionKey } from './secrets.ts'
import { section } from './section.ts'
import { clientTls } from './tls.ts'
import { duration, timer } from './units.ts'

const redisUrl = secretText
  .refine((text) => /^rediss?:\/\/[^\s]+$/.test(text) && URL.canParse(text), 'must be redis://host:port or rediss://host:port (TLS)')
  .meta({ writeOnly: true }) // a password may stand in it

const sentinels = z.strictObject({
  masterName: z.string().min(1).describe('Name of the master at the sentinels'),
  nodes: z.array(listenAddress).min(1).describe('host:port of each sentinel'),
  username: z.string().min(1).optional().describe('ACL user of the sentinels themselves'),
  password: secretText.optional().describe('Password of the sentinels themselves'),
  passwordFile: secretFile.describe('File that holds password')
})

const redis = z.strictObject({
  url: redisUrl.optional().describe('redis://host:port/db, or rediss:// for TLS; user name and password may stand in it'),
  urlFile: secretFile.describe('File that holds url'),
  sentinels: sentinels.optional().describe('Redis Sentinel, instead of url'),
  cluster: z.array(listenAddress).min(1).optional().describe('host:port of some nodes of a Redis Cluster, instead of url'),
  tls: clientTls.optional().describe('How a rediss:// server is verified; with sentinels or cluster: TLS is spoken'),
  username: z.string().min(1).optional().describe('Redis ACL user'),
  password: secretText.optional().describe('Redis password'),
  passwordFile: secretFile.describe('File that holds password'),
  keyPrefix: z.string().default('aihubmix:').describe('Put before every key in Redis'),
  commandTimeout: timer({ atLeast: 1 }).prefault('800ms').describe('A Redis that has not answered by then counts as away')
})

/** The section `session`. */
export const sessionSection = section({
  keys: z.array(sessionKey).prefault([]).describe('32 random bytes each, base64; the first seals, all open. Missing with the memory store: made at start'),
  keysFile: secretFile.describe('File that holds keys, one a line'),
  redis: redis.nullable().prefault(null).describe('Where sessions live; null = in the memory of this process'),
  cookieName: z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is not a valid cookie name').nullable().prefault(null)
    .describe('Default __Host-aihubmix; with cookieDomain __Secure-aihubmix; on http loopback aihubmix'),
  cookieDomain: z.string().regex(/^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/, 'must be a domain such as example.com').transform((text) => text.toLowerCase()).nullable().prefault(null)
    .describe('Shares the cookie with every host below this domain'),
  maxAge: duration({ atLeast: 1_000 }).prefault('30d').describe('A session ends after this long, used or not'),
  idleTimeout: duration({ atLeast: 1_000 }).prefault('7d').describe('A session ends after this long without use')
})
