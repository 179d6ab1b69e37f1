import { nearest } from './nearest.ts'
import { keys, type Key } from './outline.ts'
import { pathText, type Problem } from './problems.ts'

/** The environment of a process: a name without a value is not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment sets, key by key, before validation. */
export interface FromEnvironment {
  readonly settings: readonly Setting[]
  /** The upstream of GATEWAY_UPSTREAM, which stands for a whole route; null when it is not set. */
  readonly upstream: string | null
  readonly problems: readonly Problem[]
}

/** One key that the environment sets, and the name it was set under. */
export interface Setting { readonly key: Key, readonly name: string, readonly value: unknown }

/** The variable that stands for one route `/`, signed in. */
export const upstreamVariable = 'GATEWAY_UPSTREAM'

/** The variable that names the configuration file. */
export const fileVariable = 'GATEWAY_CONFIG'

const prefix = 'GATEWAY_'

/** The names AIHubMix's own guide uses. */
const aliases: Readonly<Record<string, string>> = {
  'aihubmix.clientId': 'OAUTH_CLIENT_ID',
  'aihubmix.clientSecret': 'OAUTH_CLIENT_SECRET',
  'aihubmix.redirectUri': 'OAUTH_REDIRECT_URI'
}

/** Every name under which a key can be set: ours first, then the guide's. */
export function variablesOf ({ path }: Pick<Key, 'path'>): readonly string[] {
  const snake = path.map((segment) => segment.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase())
  const alias = aliases[path.join('.')]
  const name = prefix + snake.join('_')
  return alias === undefined ? [name] : [name, alias]
}

const knownVariables: readonly string[] = [upstreamVariable, fileVariable, ...keys.flatMap(variablesOf)].filter((name) => name.startsWith(prefix))

/** Reads the environment. A variable that is set and empty counts as not set: that is what `${NAME:-}` leaves behind. */
export function readEnvironment (env: Environment): FromEnvironment {
  const settings = keys.flatMap((key) => settingsOf(key, env))
  return {
    settings: settings.filter(({ key }, index) => settings.findIndex((other) => other.key === key) === index),
    upstream: nonEmpty(env[upstreamVariable]),
    problems: [...unknownVariables(env), ...settings.flatMap((setting, index) => settings.slice(0, index).flatMap((other) => twice(setting, other)))]
  }
}

function settingsOf (key: Key, env: Environment): readonly Setting[] {
  return variablesOf(key).flatMap((name) => {
    const text = nonEmpty(env[name])
    return text === null ? [] : [{ key, name, value: readings[key.reads](text) }]
  })
}

function nonEmpty (text: string | undefined): string | null {
  return text === undefined || text.trim() === '' ? null : text
}

/** What cannot be read stays a text, which validation then refuses for its type. */
const readings: Readonly<Record<Key['reads'], (text: string) => unknown>> = {
  text: (text) => text,
  boolean: (text) => ({ true: true, false: false })[text] ?? text,
  number: (text) => /^\d{1,9}$/.test(text) ? Number(text) : text,
  list: (text) => text.split(',').map((item) => item.trim()),
  pairs: (text) => Object.fromEntries(text.split(',').map((pair) => /^\s*([^=]*?)\s*(?:=\s*(.*?)\s*)?$/s.exec(pair)?.slice(1) ?? []))
}

function twice (setting: Setting, other: Setting): readonly Problem[] {
  if (setting.key !== other.key) return []
  return [{ path: pathText(setting.key.path), where: setting.name, message: `is set by ${other.name} too`, hint: 'Remove one of them' }]
}

/** A misspelt name would leave its key at the default without a word. */
function unknownVariables (env: Environment): readonly Problem[] {
  const unknown = Object.keys(env).filter((name) => name.startsWith(prefix) && !knownVariables.includes(name) && !isServiceLink(name, env[name]))
  return unknown.map((name) => {
    const near = nearest(unprefixed(name), knownVariables.map(unprefixed))
    return { path: name, where: name, message: 'is not a variable of the gateway', hint: near === null ? '`aihubmix-gateway schema` lists the keys' : `Did you mean ${prefix}${near}?` }
  })
}

/** The prefix, being the same in all, would make any two names look alike. */
function unprefixed (name: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name
}

/** Kubernetes sets these in every pod beside a Service whose name begins with "gateway" (enableServiceLinks). */
function isServiceLink (name: string, value = ''): boolean {
  return /_SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$/.test(name) ||
    /_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(value))
}
