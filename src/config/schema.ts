import type { z } from 'zod'
import { findContradictions } from './fit.ts'
import { resolve } from './resolve.ts'
import { written } from './written.ts'

/**
 * The one definition of the configuration: types, validation, defaults, the JSON Schema, the environment names and the
 * reference page come from here. Once read, **durations are milliseconds and sizes are bytes**, as plain numbers.
 */
export const configSchema = written.superRefine(findContradictions, { when: () => true }).transform(resolve)

/** The configuration, validated and with all defaults; frozen all the way down (but for the bytes of keys). */
export type Config = DeepReadonly<z.output<typeof configSchema>>

export type ServerConfig = Config['server']
export type AdminConfig = Config['admin']
export type AihubmixConfig = Config['aihubmix']
export type SessionConfig = Config['session']
export type RedisConfig = NonNullable<SessionConfig['redis']>
export type IdentityConfig = Config['identity']
export type HeadersConfig = Config['headers']
export type PagesConfig = Config['pages']
export type LogConfig = Config['log']

/** One route; `upstream` is null in forward-auth and where nobody has access. */
export type Route = Config['routes'][number]

/** Who may pass; all lists empty admits every AIHubMix user. Names and domains of e-mail addresses are in lower case. */
export type AllowRules = IdentityConfig['allow']

/** Certificate settings of a connection the gateway makes; the names end in files, whose content is not read yet. */
export type ClientTls = Route['tls']

export type { Decimal } from './decimal.ts'
export type { IdentityField } from './headers.ts'
export type { Upstream } from './addresses.ts'

type DeepReadonly<T> =
  T extends Buffer ? T
    : T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
      : T
