import type { RegisteredApp } from '../apps.ts'
import type { Fault } from '../faults/fault.ts'
import { type Grant, owns } from '../grants.ts'
import type { JsonValue, Members } from '../json.ts'
import type { RecordedRequest } from '../requests.ts'
import { writeScope } from '../scope.ts'
import type { Family } from '../tokens.ts'
import type { EmulatorUser } from '../users.ts'

export function userView (user: EmulatorUser): Members {
  return { ...user }
}

export function appView ({ id, name, clientId, redirectUri }: RegisteredApp): Members {
  return { id, name, client_id: clientId, redirect_uri: redirectUri }
}

/** A consent, with the families of tokens that sign-ins under it gave: what `match.grant` of a fault names. */
export function grantView (grant: Grant, families: readonly Family[]): Members {
  const { username, clientId, scope, grantedAt } = grant
  const own = families.filter((family) => owns({ username, clientId }, family)).map(({ familyId }) => familyId)
  return { username, client_id: clientId, scope: writeScope(scope), granted_at: grantedAt, families: own }
}

export function requestView ({ method, path, query, headers, body, rawBody, at }: RecordedRequest): Members {
  return { method, path, query, headers, body, raw_body: rawBody, at }
}

export function faultView (fault: Fault): JsonValue {
  return JSON.parse(JSON.stringify(fault, (_name, value: unknown) => typeof value === 'bigint' ? String(value) : value))
}
