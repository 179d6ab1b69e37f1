import { divideToDecimal } from '../decimal.ts'
import type { JsonValue, Members } from '../json.ts'
import { quotaPerUnit } from '../users.ts'
import { anyJson, members as membersOf, oneOf, texts, wholeNumber } from './args.ts'
import type { FaultArgs, FaultStages } from './stages.ts'

/** Balances that are written in other ways, provider.md V-28. */
export const oddBalances: readonly string[] = ['-0.01', '1,234.56', '$750.00', '＄2.000000 額度', '¥12', '1e9', '1234567890123456789012345678901234567.89']

/** Faults in the members of a successful answer: E-51, E-56 and the balance modes. */
export const memberKinds = {
  omit_refresh_token: (): FaultStages => ({ endpoint: 'token', members: without('refresh_token') }),
  omit_expires_in: (): FaultStages => ({ endpoint: 'token', members: without('expires_in') }),
  expires_in: (args: FaultArgs): FaultStages => ({ endpoint: 'token', members: replaced('expires_in', anyJson(args, 'value')) }),
  token_type: (args: FaultArgs): FaultStages => ({ endpoint: 'token', members: replaced('token_type', anyJson(args, 'value')) }),
  scope: (args: FaultArgs): FaultStages => ({ endpoint: 'token', members: replaced('scope', anyJson(args, 'value')) }),
  access_token: (args: FaultArgs): FaultStages => ({ endpoint: 'token', members: replaced('access_token', anyJson(args, 'value')) }),
  drop_fields: (args: FaultArgs): FaultStages => ({ endpoint: 'userinfo', members: without(...texts(args, 'fields')) }),
  extra_fields: (args: FaultArgs): FaultStages => {
    const extra = membersOf(args, 'fields')
    return { endpoint: 'userinfo', members: (members) => ({ ...members, ...extra }) }
  },
  ids: (args: FaultArgs): FaultStages => {
    const form = oneOf(args, 'as', ['number', 'string', 'missing'])
    return { endpoint: 'userinfo', members: (members) => ({ ...members, id: writtenId(members['id'], form) }) }
  },
  balance: (args: FaultArgs): FaultStages => {
    const mode = oneOf(args, 'as', ['guide', 'oneapi', 'oddformat', 'absent'])
    const odd = oddBalances[wholeNumber(args, 'index', 0)]
    return { endpoint: 'userinfo', members: (members) => withBalance(members, mode, odd) }
  },
  wrap: (args: FaultArgs): FaultStages => {
    const form = oneOf(args, 'as', ['success_data', 'none'])
    return { endpoint: '*', envelope: (members) => form === 'none' || 'success' in members ? members : { success: true, message: '', data: members } }
  }
}

function without (...names: readonly string[]): (members: Members) => Members {
  return (members) => Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)))
}

function replaced (name: string, value: JsonValue): (members: Members) => Members {
  return (members) => ({ ...members, [name]: value })
}

function writtenId (id: JsonValue, form: 'number' | 'string' | 'missing'): JsonValue {
  if (form === 'missing' || id === undefined) return undefined
  if (form === 'string') return String(id)
  return /^\d+$/.test(String(id)) ? BigInt(String(id)) : id
}

function withBalance (members: Members, mode: 'guide' | 'oneapi' | 'oddformat' | 'absent', odd: string | undefined): Members {
  if (mode === 'guide' || !('balance_formatted' in members)) return members
  if (mode === 'absent') return without('balance_formatted')(members)
  if (mode === 'oddformat') return { ...members, balance_formatted: odd }
  return { ...members, balance_formatted: divideToDecimal(BigInt(String(members['quota'])), BigInt(quotaPerUnit), 2) }
}
