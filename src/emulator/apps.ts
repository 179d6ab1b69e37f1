import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

export interface EmulatorApp {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly name: string
}

export interface RegisteredApp extends EmulatorApp {
  readonly id: number
  readonly description: string
  readonly createdAt: number
}

export interface NewApp {
  readonly name: string
  readonly description: string
  readonly redirectUri: string
}

export interface Apps {
  /** Registers an app whose credentials are known already. */
  register (app: EmulatorApp): void
  /** Registers an app as `POST /api/oauth_apps` does: the credentials are made here. */
  create (app: NewApp): RegisteredApp
  find (clientId: string): RegisteredApp | null
  all (): readonly RegisteredApp[]
  /** The secret, the first time it is asked for; null afterwards and for unknown apps. */
  revealSecret (clientId: string): string | null
  reset (): void
}

export function createApps (given: readonly EmulatorApp[], clock: Clock, random: Random): Apps {
  const byClientId = new Map<string, RegisteredApp>()

  const revealed = new Set<string>()

  function revealSecret (clientId: string): string | null {
    if (revealed.has(clientId)) return null
    revealed.add(clientId)
    return byClientId.get(clientId)?.clientSecret ?? null
  }

  function add (app: EmulatorApp, description: string): RegisteredApp {
    const registered = { ...app, description, id: byClientId.size + 1, createdAt: clock.now() }
    byClientId.set(app.clientId, registered)
    return registered
  }

  function reset (): void {
    byClientId.clear()
    revealed.clear()
    for (const app of given) add(app, '')
  }

  reset()
  return {
    reset,
    revealSecret,
    register (app) { add(app, '') },
    create: ({ description, ...app }) => add({ ...app, clientId: `client_${random.hex(12)}`, clientSecret: `secret_${random.hex(24)}` }, description),
    find: (clientId) => byClientId.get(clientId) ?? null,
    all: () => [...byClientId.values()]
  }
}
