import { answer, type Answer } from '../answer.ts'
import { oneOf } from './args.ts'
import type { FaultArgs, FaultStages } from './stages.ts'

/** How refusals are written: as OAuth does, or in the ways of AIHubMix's relatives (provider.md F-40, F-43); and in which language, E-56. */
export const refusalKinds = {
  lang (args: FaultArgs): FaultStages {
    const message = { zh: '無效的請求', en: 'The request is not valid.' }[oneOf(args, 'as', ['zh', 'en'])]
    const done = { zh: '操作成功', en: 'Done.' }[oneOf(args, 'as', ['zh', 'en'])]
    return { endpoint: '*', refusal: said(message), members: (members) => 'message' in members ? { ...members, message: done } : members }
  },
  errors: (args: FaultArgs): FaultStages => ({ endpoint: '*', refusal: writings[oneOf(args, 'as', ['oauth', 'oneapi', 'newapi'])] })
}

/** The same refusal with another text in the member that is meant for people. */
function said (message: string): (refusal: Answer) => Answer {
  return (refusal) => ({
    ...refusal,
    members: { ...refusal.members, ...('error_description' in refusal.members ? { error_description: message } : { message }) }
  })
}

const writings = {
  oauth: (refusal: Answer): Answer => refusal,
  oneapi: (): Answer => answer(200, { success: false, message: '無權進行此操作，access token 無效' }),
  newapi: ({ status }: Answer): Answer => answer(status, { success: false, code: status === 401 ? 'AUTH_TOKEN_EXPIRED' : 'AUTH_UNAUTHORIZED', message: '無效的令牌' })
}
