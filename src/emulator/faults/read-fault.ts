import { isMembers } from '../json.ts'
import type { Fault } from './fault.ts'
import { faultKinds, isFaultKind } from './kinds.ts'
import { type FaultEndpoint, faultEndpoints, FaultRefused } from './stages.ts'

/** A fault as the control API receives it. Throws `FaultRefused`, naming what is known, when it is none. */
export function readFault (json: unknown): Fault {
  if (!isMembers(json)) throw new FaultRefused('A fault is an object with at least "kind".')
  const { kind, endpoint, args, match } = json
  if (!isFaultKind(kind)) throw new FaultRefused(`Unknown fault kind "${String(kind)}". Known: ${Object.keys(faultKinds).join(', ')}.`)
  return {
    kind,
    ...(endpoint === undefined ? {} : { endpoint: readEndpoint(endpoint) }),
    ...(isMembers(args) ? { args } : {}),
    ...(isMembers(match) ? { match: readMatch(match) } : {}),
    ...readLimits(json)
  }
}

function readEndpoint (name: unknown): FaultEndpoint {
  const endpoint = faultEndpoints.find((known) => known === name)
  if (endpoint === undefined) throw new FaultRefused(`Unknown endpoint "${String(name)}". Known: ${faultEndpoints.join(', ')}.`)
  return endpoint
}

function readMatch ({ user, client, grant }: Readonly<Record<string, unknown>>): NonNullable<Fault['match']> {
  return {
    ...(typeof user === 'string' ? { user } : {}),
    ...(typeof client === 'string' ? { client } : {}),
    ...(typeof grant === 'string' ? { grant } : {})
  }
}

function readLimits ({ count, after, probability, lasts }: Readonly<Record<string, unknown>>): Partial<Fault> {
  return {
    ...(typeof count === 'number' ? { count } : {}),
    ...(typeof after === 'number' ? { after } : {}),
    ...(typeof probability === 'number' ? { probability } : {}),
    ...(typeof lasts === 'number' || typeof lasts === 'string' ? { lasts } : {})
  }
}
