import { answer, type Answer } from '../answer.ts'
import { oneOf } from './args.ts'
import type { FaultArgs, FaultStages } from './stages.ts'

/** How refusals are written: as OAuth does, or in the ways of AIHubMix's relatives (provider.md F-40, F-43). */
export const refusalKinds = {
  errors: (args: FaultArgs): FaultStages => ({ endpoint: '*', refusal: writings[oneOf(args, 'as', ['oauth', 'oneapi', 'newapi'])] })
}

const writings = {
  oauth: (refusal: Answer): Answer => refusal,
  oneapi: (): Answer => answer(200, { success: false, message: '無權進行此操作，access token 無效' }),
  newapi: ({ status }: Answer): Answer => answer(status, { success: false, code: status === 401 ? 'AUTH_TOKEN_EXPIRED' : 'AUTH_UNAUTHORIZED', message: '無效的令牌' })
}
