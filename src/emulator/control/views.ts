import type { RegisteredApp } from '../apps.ts'
import type { Fault } from '../faults/fault.ts'
import type { Grant } from '../grants.ts'
import type { JsonValue, Members } from '../json.ts'
import type { RecordedRequest } from '../requests.ts'
import { writeScope } from '../scope.ts'
import type { EmulatorUser } from '../users.ts'

export function userView (user: EmulatorUser): Members {
  return { ...user }
}

export function appView ({ id, name, clientId, redirectUri }: RegisteredApp): Members {
  return { id, name, client_id: clientId, redirect_uri: redirectUri }
}

export function grantView ({ username, clientId, scope, grantedAt }: Grant): Members {
  return { username, client_id: clientId, scope: writeScope(scope), granted_at: grantedAt }
}

export function requestView ({ method, path, query, headers, body, rawBody, at }: RecordedRequest): Members {
  return { method, path, query, headers, body, raw_body: rawBody, at }
}

export function faultView (fault: Fault): JsonValue {
  return JSON.parse(JSON.stringify(fault))
}
