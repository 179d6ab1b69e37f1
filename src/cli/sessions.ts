import { setTimeout as delay } from 'node:timers/promises'
import { loadConfig } from '../config/load.ts'
import { ConfigProblems, problemLine } from '../config/problems.ts'
import type { RedisConfig } from '../config/schema.ts'
import { SessionStoreUnavailable } from '../errors.ts'
import { createSessionAdministration, type SessionAdministration, type Whose } from '../session/administration.ts'
import { openStore } from '../session/open-store.ts'
import type { SessionEntry } from '../session/session-index.ts'
import type { SessionStore } from '../session/store.ts'
import { readFlags } from './flags.ts'
import { redisFinding } from './online-redis.ts'

const help = `aihubmix-gateway sessions list|revoke (--user ID | --all) [--config FILE]

  list            shows who is signed in: user, session, since when, last seen. Never a token
  revoke          ends sessions on every replica at once; open WebSockets and event streams are closed

  --user ID       the sessions of one user: the id the app receives (identity.subject)
  --all           the sessions of everybody
  --config FILE   the configuration file; default: what GATEWAY_CONFIG names, else the environment alone
  --help          prints this

It works on the Redis the gateways share. Sessions of a gateway without Redis are in its memory: ask its admin listener
(admin.token; GET and DELETE /sessions).`

const verbs: Readonly<Record<string, (administration: SessionAdministration, whose: Whose) => Promise<string>>> = {
  list: async (administration, whose) => table(await administration.list(whose)),
  revoke: async (administration, whose) => `ended: ${await administration.revoke(whose)}`
}

/** `sessions list` and `sessions revoke`: answers the exit code. */
export async function sessionsCommand ([verb = '', ...argv]: readonly string[]): Promise<number> {
  if (verb === '--help' || verb === '-h') return print(help)
  const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (run === undefined) return refuse('The commands are `sessions list` and `sessions revoke`.', 2)
  const flags = readFlags('sessions', argv, { user: { type: 'string' }, all: { type: 'boolean' }, config: { type: 'string' }, help: { type: 'boolean' } })
  if (flags === null) return 2
  if (flags.help === true) return print(help)
  const whose = whoseOf(flags)
  if (whose === null) return refuse('Say whose sessions: --user ID or --all, one of them.', 2)
  return await withStore(flags.config, (store) => run(createSessionAdministration(store), whose))
}

function whoseOf ({ user, all }: { readonly user?: string | undefined, readonly all?: boolean | undefined }): Whose | null {
  if (all === true) return user === undefined ? 'all' : null
  return user === undefined || user === '' ? null : { user }
}

async function withStore (file: string | undefined, act: (store: SessionStore) => Promise<string>): Promise<number> {
  try {
    const { config } = await loadConfig({ file })
    const { redis } = config.session
    if (redis === null) return refuse('session.redis is not set: these sessions are in the memory of the gateway. Ask its admin listener (admin.token).', 1)
    return await onStore(openStore(config, { info () {}, warn () {}, error () {} }), redis, act)
  } catch (error) {
    if (error instanceof ConfigProblems) return refuse(error.problems.map(problemLine).join('\n'), 1)
    throw error
  }
}

async function onStore (store: SessionStore, redis: RedisConfig, act: (store: SessionStore) => Promise<string>): Promise<number> {
  try {
    await answering(store)
    return print(await act(store))
  } catch (error) {
    if (!(error instanceof SessionStoreUnavailable)) throw error
    const { about, problem } = await redisFinding(redis)
    return refuse(`Redis does not answer. ${about}: ${problem ?? 'now it does; try again.'}`, 1)
  } finally {
    await store.close()
  }
}

/** A first connection through Sentinels or TLS may take longer than one command waits. */
async function answering (store: SessionStore, tries = 5): Promise<void> {
  try {
    await store.ping()
  } catch (error) {
    if (tries === 1) throw error
    await delay(200)
    await answering(store, tries - 1)
  }
}

function table (entries: readonly SessionEntry[]): string {
  const rows = entries.map(({ user, id, createdAt, lastSeenAt }) => [user, id.slice(0, 8), time(createdAt), time(lastSeenAt)])
  const all = [['user', 'session', 'created', 'last seen'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => row.map((cell, column) => printable(cell).padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}

/** A user name is somebody else's text: a terminal must not obey it. */
function printable (text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?')
}

function time (at: number): string {
  return new Date(at).toISOString()
}

function print (text: string): number {
  console.log(text)
  return 0
}

function refuse (what: string, exitCode: number): number {
  console.error(what)
  if (exitCode === 2) console.error('Run `aihubmix-gateway sessions --help` to see what it needs.')
  return exitCode
}
