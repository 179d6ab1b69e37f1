import { readFault } from '../faults/read-fault.ts'
import { FaultRefused } from '../faults/stages.ts'
import { isMembers, type JsonValue, type Members } from '../json.ts'
import { countables } from '../requests.ts'
import type { World } from '../world.ts'
import { appView, faultView, grantView, requestView, userView } from './views.ts'

type Action = (json: unknown) => JsonValue

/** What can be asked of the emulator from outside, by method and path. */
export function controlActions (world: World): Readonly<Record<string, Action>> {
  return { ...worldActions(world), ...accountActions(world), ...faultActions(world) }
}

function worldActions (world: World): Readonly<Record<string, Action>> {
  return {
    'GET /__emulator/state': () => stateOf(world),
    'GET /__emulator/requests': () => world.requests.all.map(requestView),
    'GET /__emulator/clock': () => ({ now: world.clock.now() }),
    'POST /__emulator/clock' (json) {
      moveClock(world, json)
      return { now: world.clock.now() }
    },
    'POST /__emulator/reset' () {
      world.reset()
      return stateOf(world)
    },
    'POST /__emulator/scenario' (json) {
      world.load(text(json, 'preset'))
      return stateOf(world)
    }
  }
}

function accountActions (world: World): Readonly<Record<string, Action>> {
  const { users, apps, revoke } = world
  return {
    'GET /__emulator/users': () => users.all().map(userView),
    'POST /__emulator/users' (json) {
      users.set(text(json, 'username'), userFields(json))
      return userView(users.get(text(json, 'username')))
    },
    'GET /__emulator/apps': () => apps.all().map(appView),
    'POST /__emulator/apps' (json) {
      apps.register({ clientId: text(json, 'client_id'), clientSecret: text(json, 'client_secret'), redirectUri: text(json, 'redirect_uri'), name: text(json, 'name') })
      return apps.all().map(appView)
    },
    'GET /__emulator/grants': () => grantViews(world),
    'POST /__emulator/grants/revoke' (json) {
      revoke({ username: text(json, 'username') })
      return grantViews(world)
    }
  }
}

function faultActions ({ faults }: World): Readonly<Record<string, Action>> {
  return {
    'GET /__emulator/faults': () => faults.all().map(faultView),
    'POST /__emulator/faults' (json) {
      faults.set(readFault(json))
      return faults.all().map(faultView)
    },
    'DELETE /__emulator/faults' () {
      faults.clear()
      return []
    }
  }
}

function grantViews ({ grants, tokens }: World): readonly Members[] {
  return grants.all().map((grant) => grantView(grant, tokens.families()))
}

function stateOf (world: World): Members {
  const { clock, users, apps, requests, faults } = world
  return {
    now: clock.now(),
    counts: Object.fromEntries(countables.map((what) => [what, requests.count(what)])),
    faults: faults.all().map(faultView),
    apps: apps.all().map(appView),
    grants: grantViews(world),
    users: users.all().map(userView)
  }
}

function moveClock ({ clock }: World, json: unknown): void {
  if (!isMembers(json)) throw new FaultRefused('Send an object with "freeze", "advance" or "skew".')
  const { freeze, advance, skew } = json
  if (freeze === true) clock.freeze()
  if (typeof advance === 'string' || typeof advance === 'number') clock.advance(advance)
  if (typeof skew === 'string' || typeof skew === 'number') clock.skew(skew)
}

function text (json: unknown, name: string): string {
  const value = isMembers(json) ? json[name] : undefined
  if (typeof value !== 'string' || value === '') throw new FaultRefused(`"${name}" is missing: a text.`)
  return value
}

/** The members of a user that a request names; `status: 2` disables the account. */
function userFields (json: unknown): Members {
  const fields = isMembers(json) ? json['fields'] : undefined
  return isMembers(fields) ? Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, asInteger(value)])) : {}
}

/** `{"integer": "9223372036854775807"}` for clients whose own JSON would round the number. */
function asInteger (value: JsonValue): JsonValue {
  const digits = isMembers(value) ? value['integer'] : undefined
  return typeof digits === 'string' && /^-?\d+$/.test(digits) ? BigInt(digits) : value
}
