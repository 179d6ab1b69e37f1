import { accessTokenForms } from '../access-token.ts'
import { durationMs } from '../clock.ts'
import { oneOf, text, wholeNumber } from './args.ts'
import type { FaultArgs, FaultStages } from './stages.ts'

/** E-57: AIHubMix's clock is off, or its tokens say another end than `expires_in` does, or say nothing of their app. */
export const clockKinds = {
  clock_skew: (args: FaultArgs): FaultStages => ({ endpoint: '*', clockSkewMs: durationMs(text(args, 'by', '10m')) }),
  access_token_form: (args: FaultArgs): FaultStages => ({ endpoint: 'token', settings: { accessTokenForm: oneOf(args, 'as', accessTokenForms) } }),
  jwt_exp_mismatch: (args: FaultArgs): FaultStages => ({
    endpoint: 'token',
    settings: { jwtExpiryOffsetMs: wholeNumber(args, 'seconds', -86_400) * 1000 }
  })
}
