import type { Clock } from './clock.ts'
import type { Users } from './users.ts'

/** Money on its way to a balance. */
export interface Credits {
  /** Raises the balance, now or after a while by the emulator's clock. */
  schedule (username: string, units: number, delayMs: number): void
  /** Books what is due. */
  settle (): void
  reset (): void
}

interface Credit { readonly username: string, readonly units: number, readonly dueAt: number }

export function createCredits (clock: Clock, users: Users): Credits {
  let pending: readonly Credit[] = []

  function settle (): void {
    const now = clock.now()
    const due = pending.filter(({ dueAt }) => dueAt <= now)
    pending = pending.filter(({ dueAt }) => dueAt > now)
    for (const { username, units } of due) users.credit(username, units)
  }

  function schedule (username: string, units: number, delayMs: number): void {
    pending = [...pending, { username, units, dueAt: clock.now() + delayMs }]
    settle()
  }

  return { schedule, settle, reset () { pending = [] } }
}
