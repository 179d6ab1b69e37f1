import type { Fault } from './faults/fault.ts'
import { FaultRefused } from './faults/stages.ts'

const backChannel = ['token', 'userinfo', 'topup'] as const

/** Named worlds: each is a list of faults that are in force from the start. */
const presets: Readonly<Record<string, readonly Fault[]>> = {
  happy: [],
  'guide-exact': [],
  'rfc-strict': [{ kind: 'rotation', args: { mode: 'on' } }, { kind: 'pkce', args: { as: 'honour' } }],
  'rotation-reuse': [{ kind: 'rotation', args: { mode: 'on_with_reuse_detection' } }],
  'oneapi-like': [{ kind: 'balance', args: { as: 'oneapi' } }, { kind: 'errors', args: { as: 'oneapi' } }, { kind: 'rotation', args: { mode: 'off' } }, { kind: 'rate_limit' }],
  'newapi-like': [{ kind: 'wrap' }, { kind: 'errors', args: { as: 'newapi' } }],
  brownout: [{ kind: 'slow', args: { headers_ms: 2000 } }, { kind: 'status', args: { code: 503 }, probability: 0.1 }],
  down: [{ kind: 'reset_connection' }],
  'revoked-mid-session': [{ kind: 'revoke_grant', endpoint: 'userinfo', after: 2, count: 1 }],
  'china-split': backChannel.map((endpoint) => ({ kind: 'reset_connection', endpoint }))
}

export const presetNames: readonly string[] = Object.keys(presets)

/** The faults of a preset. Throws `FaultRefused`, naming the presets there are, when the name is unknown. */
export function presetFaults (name: string): readonly Fault[] {
  const faults = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (faults === undefined) throw new FaultRefused(`Unknown preset "${name}". Known: ${presetNames.join(', ')}.`)
  return faults
}
