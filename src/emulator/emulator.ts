import { randomBytes, randomInt } from 'node:crypto'
import type { EmulatorApp } from './apps.ts'
import { issueCode } from './authorization.ts'
import type { Clock } from './clock.ts'
import type { Fault } from './faults/fault.ts'
import { readFault } from './faults/read-fault.ts'
import type { Grant } from './grants.ts'
import type { Countable, RecordedRequest } from './requests.ts'
import { readScope } from './scope.ts'
import { buildServer } from './server.ts'
import type { EmulatorUser } from './users.ts'
import { createWorld, type World } from './world.ts'

export type { EmulatorApp } from './apps.ts'
export type { Fault } from './faults/fault.ts'
export type { FaultKind } from './faults/kinds.ts'
export type { Grant } from './grants.ts'
export type { Countable, RecordedRequest } from './requests.ts'
export type { EmulatorUser } from './users.ts'

export interface EmulatorOptions {
  /** A loopback address; 127.0.0.1 unless given. */
  readonly host?: string
  /** 0, any free port, unless given. */
  readonly port?: number
  /** `happy` unless given; see presets.ts. */
  readonly preset?: string
  readonly apps?: readonly EmulatorApp[]
  /** What `POST /api/oauth_apps` asks for; `developer-token` unless given. */
  readonly developerToken?: string
  /** What the control API asks for; random unless given. */
  readonly controlToken?: string
  /** One seed gives one transcript; random unless given. */
  readonly seed?: number
  /** The clock under the emulator's clock; the system's unless given. */
  readonly now?: () => number
}

/** AIHubMix on loopback. */
export interface Emulator {
  /** Origin without a trailing slash: `http://127.0.0.1:4182`. */
  readonly url: string
  readonly controlToken: string
  readonly clock: Omit<Clock, 'reset'>
  /** How many requests reached AIHubMix; one whose connection was reset before it did is not counted. */
  count (what: Countable): number
  /** Every request but those of the control API, oldest first. */
  readonly requests: readonly RecordedRequest[]
  readonly users: {
    get (username: string): EmulatorUser
    /** Changes members of a user, or creates the user. */
    set (username: string, fields: Partial<EmulatorUser>): void
    all (): readonly EmulatorUser[]
  }
  readonly grants: {
    /** What the user does in the user centre, for all apps: consent and tokens are gone. */
    revoke (username: string): void
    all (): readonly Grant[]
  }
  readonly faults: {
    /** Throws `FaultRefused` when the kind or its arguments are unknown. */
    set (fault: Fault): void
    /** Removes all faults, those of the preset as well. */
    clear (): void
    all (): readonly Fault[]
  }
  registerApp (app: EmulatorApp): void
  /** Issues a code as if this user had signed in and consented; skips the pages. */
  authorize (input: CodeRequest): { readonly code: string }
  reset (): void
  close (): Promise<void>
}

export interface CodeRequest {
  readonly username: string
  readonly clientId: string
  readonly redirectUri: string
  /** `profile balance` unless given. */
  readonly scope?: string
  /** S256 of the code verifier (RFC 7636), when PKCE is used. */
  readonly codeChallenge?: string
}

/** Starts AIHubMix's stand-in. It listens on loopback only, keeps everything in memory and calls nobody. */
export async function startEmulator (options: EmulatorOptions = {}): Promise<Emulator> {
  const { host = '127.0.0.1', port = 0, preset = 'happy', apps = [], developerToken = 'developer-token', controlToken = randomBytes(16).toString('hex'), seed = randomInt(2 ** 32), now = Date.now } = options
  if (!isLoopback(host)) throw new RangeError(`the emulator listens on loopback only, not on ${host}`)
  const world = createWorld({ seed, now, apps, preset })
  let url = ''
  const server = await buildServer(world, { developerToken, controlToken, originOf: () => url })
  url = await server.listen({ host, port })
  return { url, controlToken, ...operations(world), close: () => server.close() }
}

/** True for 127.0.0.0/8, ::1 and localhost. */
export function isLoopback (host: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(host) || host === '::1' || host === 'localhost'
}

function operations (world: World): Omit<Emulator, 'url' | 'controlToken' | 'close'> {
  const { clock, requests, users, credits, grants, faults, apps } = world
  return {
    clock,
    count: requests.count,
    requests: requests.all,
    users: {
      get (username) { credits.settle(); return users.get(username) },
      set: users.set,
      all () { credits.settle(); return users.all() }
    },
    grants: { revoke: (username) => world.revoke({ username }), all: grants.all },
    faults: { set: (fault) => faults.set(readFault(fault)), clear: faults.clear, all: faults.all },
    registerApp: apps.register,
    authorize: (input) => authorizeDirectly(world, input),
    reset: world.reset
  }
}

function authorizeDirectly (world: World, { username, clientId, redirectUri, scope, codeChallenge = '' }: CodeRequest): { readonly code: string } {
  const app = world.apps.find(clientId)
  const wanted = readScope(scope ?? 'profile balance')
  if (app === null || wanted === null) throw new RangeError(`unknown client "${clientId}" or scope "${scope}"`)
  world.users.get(username)
  const code = issueCode(world, { app, redirectUri, scope: wanted, codeChallenge: codeChallenge === '' ? null : codeChallenge }, username)
  return { code }
}
