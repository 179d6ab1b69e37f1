/** One setting of oauth2-proxy, wherever it was written: flags may be repeated, so every value is a list. */
export type Settings = ReadonlyMap<string, readonly string[]>

/** What of a file cannot be read, with its line: nothing is guessed. */
export class UnreadableSettings extends Error {
  constructor (line: number, problem: string) {
    super(`line ${line}: ${problem}`)
    this.name = 'UnreadableSettings'
  }
}

/** Flags are in the singular where the cfg file and the environment have a list. */
const plurals: Readonly<Record<string, string>> = {
  upstream: 'upstreams',
  email_domain: 'email_domains',
  whitelist_domain: 'whitelist_domains',
  cookie_domain: 'cookie_domains',
  skip_auth_route: 'skip_auth_routes',
  api_route: 'api_routes',
  trusted_ip: 'trusted_ips',
  trusted_proxy_ip: 'trusted_proxy_ips',
  allowed_group: 'allowed_groups',
  allowed_role: 'allowed_roles',
  github_user: 'github_users',
  gitlab_group: 'gitlab_groups',
  gitlab_project: 'gitlab_projects',
  google_group: 'google_groups',
  keycloak_group: 'keycloak_groups',
  entra_id_allowed_tenant: 'entra_id_allowed_tenants',
  provider_ca_file: 'provider_ca_files',
  tls_cipher_suite: 'tls_cipher_suites',
  exclude_logging_path: 'exclude_logging_paths'
}

/** These are in the plural everywhere. */
const listsEverywhere = ['redis_sentinel_connection_urls', 'redis_cluster_connection_urls']

/**
 * Reads a cfg file (TOML), a file of environment variables (OAUTH2_PROXY_…=…) or a list of flags (--…=…).
 * @throws UnreadableSettings
 */
export function readSettings (text: string): Settings {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const first = lines.find((line) => line.trim() !== '' && !line.trim().startsWith('#'))?.trim() ?? ''
  if (/^(providers|upstreamConfig|injectRequestHeaders|server)\s*:/.test(first)) throw new UnreadableSettings(lines.indexOf(first) + 1, 'this is the alpha configuration (YAML), which cannot be imported: give the cfg file, the flags or the environment')
  if (/^(-\s+|")?--?[a-z]/.test(first)) return collected(lines.flatMap(flagsOf))
  if (/^(export\s+)?OAUTH2_PROXY_/.test(first)) return collected(lines.flatMap(variableOf))
  return collected(readToml(lines))
}

type Pair = readonly [name: string, values: readonly string[]]

function collected (pairs: readonly Pair[]): Settings {
  const settings = new Map<string, readonly string[]>()
  for (const [given, values] of pairs) {
    const name = plurals[given] ?? given
    settings.set(name, [...settings.get(name) ?? [], ...values])
  }
  return settings
}

/** `--name=value`, one or several a line, as a command line or as the args of a container (`- --name=value`). */
function flagsOf (line: string, index: number): readonly Pair[] {
  const trimmed = line.trim().replace(/\\$/, '').trim()
  if (trimmed === '' || trimmed.startsWith('#')) return []
  const words = trimmed.replace(/^-\s+/, '').match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? []
  return words.map((word) => {
    const [, name, value = 'true'] = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(word.replace(/["']/g, '')) ?? unreadable(index, 'flags are read as --name=value')
    return [(name ?? '').replaceAll('-', '_'), isList(name) ? split(value) : [value]]
  })
}

function variableOf (line: string, index: number): readonly Pair[] {
  const trimmed = line.trim()
  if (trimmed === '' || trimmed.startsWith('#')) return []
  const [, name = '', value = ''] = /^(?:export\s+)?OAUTH2_PROXY_([A-Z0-9_]+)=(.*)$/.exec(trimmed) ?? unreadable(index, 'variables are read as OAUTH2_PROXY_NAME=value')
  const key = name.toLowerCase()
  return [[key, isList(key) ? split(unquoted(value)) : [unquoted(value)]]]
}

const lists = new Set([...Object.keys(plurals), ...Object.values(plurals), ...listsEverywhere].map((name) => name.replaceAll('_', '-')))

function isList (name = ''): boolean {
  return lists.has(name.replaceAll('_', '-'))
}

function split (value: string): readonly string[] {
  return value.split(',').map((part) => part.trim()).filter((part) => part !== '')
}

function unquoted (value: string): string {
  return /^(["'])(.*)\1$/s.exec(value)?.[2] ?? value
}

/** What oauth2-proxy's cfg files are made of: texts, numbers, true and false, and lists of texts. Anything else is refused. */
function readToml (lines: readonly string[]): readonly Pair[] {
  const pairs: Pair[] = []
  const seen = new Set<string>()
  for (let index = 0; index < lines.length; index++) {
    const at = index
    let line = lines[index]?.trim() ?? ''
    if (line === '' || line.startsWith('#')) continue
    const [, name = '', begun = ''] = /^([A-Za-z0-9_-]+)\s*=\s*(.+)$/.exec(line) ?? unreadable(at, 'is no `name = value`')
    line = begun
    while (line.startsWith('[') && !isClosed(line) && index < lines.length - 1) line += `\n${lines[++index]}`
    const key = name.replaceAll('-', '_')
    if (seen.has(key)) unreadable(at, `${name} stands there twice`)
    seen.add(key)
    const values = valuesOf(line, at)
    pairs.push([key, isList(key) && !line.startsWith('[') ? values.flatMap(split) : values])
  }
  return pairs
}

const text = /"(?:[^"\\\n]|\\["\\nt])*"|'[^'\n]*'/
const gap = '(?:\\s|#[^\\n]*(?:\\n|$))*'
const list = new RegExp(`^\\[${gap}(?:(?:${text.source})${gap}(?:,${gap}(?:${text.source})${gap})*,?)?${gap}\\]\\s*(?:#.*)?$`)

function isClosed (value: string): boolean {
  return list.test(value)
}

function valuesOf (value: string, index: number): readonly string[] {
  if (list.test(value)) return Array.from(withoutComments(value).matchAll(new RegExp(text.source, 'g')), ([quoted]) => content(quoted))
  const [, one = ''] = new RegExp(`^(${text.source}|true|false|[+-]?\\d+)\\s*(?:#.*)?$`).exec(value) ?? unreadable(index, 'the value is no text in quotes, no number, no true or false and no list of texts')
  return [/^["']/.test(one) ? content(one) : one]
}

/** Quoted texts are kept whole: a # in one begins no comment. */
function withoutComments (value: string): string {
  return value.replace(new RegExp(`(${text.source})|#[^\\n]*`, 'g'), (_whole, quoted: string | undefined) => quoted ?? '')
}

function content (quoted: string): string {
  const inner = quoted.slice(1, -1)
  if (quoted.startsWith("'")) return inner
  return inner.replace(/\\(["\\nt])/g, (_escape, sign: string) => ({ n: '\n', t: '\t' })[sign] ?? sign)
}

function unreadable (index: number, problem: string): never {
  throw new UnreadableSettings(index + 1, problem)
}
