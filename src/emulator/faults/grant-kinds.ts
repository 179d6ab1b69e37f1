import { oneOf, wholeNumber } from './args.ts'
import type { FaultArgs, FaultStages } from './stages.ts'

/** Faults of grants and of refresh tokens: E-50, and the rotation of E-51. */
export const grantKinds = {
  expire_access_now: (): FaultStages => ({ endpoint: '*', atOnce: (tokens, match) => tokens.expireAccess(match) }),
  expire_refresh_now: (): FaultStages => ({ endpoint: '*', atOnce: (tokens, match) => tokens.expireRefresh(match) }),
  revoke_grant: (): FaultStages => ({ endpoint: '*', atOnce: (tokens, match) => tokens.revoke(match) }),
  revoke_all: (): FaultStages => ({ endpoint: '*', atOnce: (tokens) => tokens.revoke({}) }),
  rotation: (args: FaultArgs): FaultStages => ({
    endpoint: 'refresh_token',
    settings: {
      rotation: {
        mode: oneOf(args, 'mode', ['on', 'off', 'on_with_reuse_detection']),
        graceMs: wholeNumber(args, 'grace_seconds', 0) * 1000
      }
    }
  })
}
