import { addDecimals } from './decimal.ts'
import type { JsonValue } from './json.ts'
import type { Scope } from './scope.ts'

/** The userinfo members exactly as they will be written, in the guide's order. An undefined member is not sent. */
export interface EmulatorUser {
  readonly id?: number | bigint | string | null | undefined
  readonly username: string
  readonly email?: string | null | undefined
  readonly quota?: number | bigint | string | null | undefined
  readonly used_quota?: number | bigint | string | null | undefined
  readonly balance_formatted?: string | number | null | undefined
  readonly created_time?: number | string | null | undefined
  readonly status?: number | string | null | undefined
}

/** A user of the emulator with what makes the account special. */
export interface SeededUser {
  readonly userinfo: EmulatorUser
  /** Whatever is asked for, no more than this is granted. */
  readonly grantsOnly?: readonly Scope[]
  /** What changes from the second userinfo call on. */
  readonly fromSecondCall?: Partial<EmulatorUser>
}

/** Users by the name they sign in with, which stays when the `username` member changes. */
export interface Users {
  get (username: string): EmulatorUser
  find (username: string): SeededUser | null
  /** Changes members of a user, or creates the user. */
  set (username: string, fields: Partial<EmulatorUser>): void
  all (): readonly EmulatorUser[]
  names (): readonly string[]
  /** What this userinfo call answers; counts the call. */
  userinfo (username: string): EmulatorUser
  /** Raises the balance by whole units of money, exactly. */
  credit (username: string, units: number): void
  reset (): void
}

/** What one unit of money is in quota, at one-api and at AIHubMix. */
export const quotaPerUnit = 500_000

export function createUsers (seeded: readonly SeededUser[]): Users {
  const byName = new Map<string, SeededUser>()
  const calls = new Map<string, number>()

  function get (username: string): EmulatorUser {
    const user = byName.get(username)
    if (user === undefined) throw new RangeError(`the emulator has no user "${username}"`)
    return user.userinfo
  }

  function set (username: string, fields: Partial<EmulatorUser>): void {
    const known = byName.get(username) ?? { userinfo: newUser(username, byName.size) }
    byName.set(username, { ...known, userinfo: { ...known.userinfo, ...fields } })
  }

  function userinfo (username: string): EmulatorUser {
    const call = (calls.get(username) ?? 0) + 1
    calls.set(username, call)
    const change = call > 1 ? byName.get(username)?.fromSecondCall : undefined
    return { ...get(username), ...change }
  }

  function reset (): void {
    byName.clear()
    calls.clear()
    for (const user of seeded) byName.set(user.userinfo.username, user)
  }

  reset()
  return {
    get,
    set,
    userinfo,
    reset,
    find: (username) => byName.get(username) ?? null,
    all: () => [...byName.values()].map((user) => user.userinfo),
    names: () => [...byName.keys()],
    credit: (username, units) => set(username, credited(get(username), units))
  }
}

function newUser (username: string, index: number): EmulatorUser {
  return { id: 50_000 + index, username, email: `user${index}@example.com`, quota: quotaPerUnit, used_quota: 0, balance_formatted: '1.00', created_time: 1640995200, status: 1 }
}

function credited (user: EmulatorUser, units: number): Partial<EmulatorUser> {
  return {
    quota: raisedQuota(user.quota, units),
    balance_formatted: addDecimals(plainDecimal(user.balance_formatted), String(units))
  }
}

function raisedQuota (quota: EmulatorUser['quota'], units: number): number | bigint {
  const raised = wholeNumber(quota) + BigInt(units) * BigInt(quotaPerUnit)
  return Number.isSafeInteger(Number(raised)) ? Number(raised) : raised
}

function wholeNumber (value: JsonValue): bigint {
  return /^-?\d+$/.test(String(value)) ? BigInt(String(value)) : 0n
}

function plainDecimal (balance: EmulatorUser['balance_formatted']): string {
  const text = String(balance)
  return /^-?\d+(\.\d+)?$/.test(text) ? text : '0.00'
}
