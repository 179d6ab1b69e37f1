import { type Apps, createApps, type EmulatorApp } from './apps.ts'
import { type Clock, createClock } from './clock.ts'
import { type Codes, createCodes } from './codes.ts'
import { createCredits, type Credits } from './credits.ts'
import { createFaults, type Faults } from './faults/registry.ts'
import { createGrants, type GrantMatch, type Grants } from './grants.ts'
import { presetFaults } from './presets.ts'
import { createRandom, type Random } from './random.ts'
import { createRequests, type Requests } from './requests.ts'
import { seededUsers } from './seeded-users.ts'
import { createSignIns, type SignIns } from './sign-ins.ts'
import { createTokens, type Tokens } from './tokens.ts'
import { createTopupLinks, type TopupLinks } from './topup-links.ts'
import { createUsers, type Users } from './users.ts'

/** Everything AIHubMix knows, in memory. */
export interface World {
  readonly clock: Clock
  readonly random: Random
  readonly users: Users
  readonly apps: Apps
  readonly grants: Grants
  readonly codes: Codes
  readonly tokens: Tokens
  readonly topupLinks: TopupLinks
  readonly credits: Credits
  readonly signIns: SignIns
  readonly requests: Requests
  readonly faults: Faults
  /** Takes consent back: the grants go, and every code and token that came from them. */
  revoke (match: GrantMatch): void
  /** Puts the faults of a preset in the place of those in force. */
  load (preset: string): void
  /** Back to the start: users, apps, clock, randomness and the preset. */
  reset (): void
}

interface WorldOptions {
  readonly seed: number
  readonly now: () => number
  readonly apps: readonly EmulatorApp[]
  readonly preset: string
}

export function createWorld ({ seed, now, apps: givenApps, preset }: WorldOptions): World {
  const clock = createClock(now)
  const random = createRandom(seed)
  const requests = createRequests()
  const users = createUsers(seededUsers)
  const apps = createApps(givenApps, clock, random)
  const grants = createGrants(clock)
  const codes = createCodes(clock, random)
  const tokens = createTokens(clock, random)
  const topupLinks = createTopupLinks(clock, random)
  const credits = createCredits(clock, users)
  const signIns = createSignIns(random)
  const faults = createFaults(clock, random, { ...tokens, revoke })
  clock.alsoSkewedBy(faults.clockSkewMs)

  function revoke (match: GrantMatch): void {
    for (const holder of [grants, codes]) holder.remove(match)
    tokens.revoke(match)
  }

  function load (name: string): void {
    const fromPreset = presetFaults(name)
    faults.clear()
    fromPreset.forEach(faults.set)
  }

  function reset (): void {
    for (const part of [clock, random, requests, users, apps, grants, codes, tokens, topupLinks, credits, signIns]) part.reset()
    load(preset)
  }

  reset()
  return { clock, random, users, apps, grants, codes, tokens, topupLinks, credits, signIns, requests, faults, revoke, load, reset }
}
