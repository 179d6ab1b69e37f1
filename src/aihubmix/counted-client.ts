import { AuthorizationServerBadResponse, AuthorizationServerUnavailable, CallSpared, GatewayError, InvalidAccessToken, InvalidGrant } from '../errors.ts'
import type { GatewayMetrics, ProviderCall, ReadOutcome, RefreshOutcome } from '../telemetry/metrics.ts'
import { inTrace, runningTrace } from '../telemetry/trace.ts'
import type { AihubmixClient } from './client.ts'

type Counts = Pick<GatewayMetrics, 'providerCall' | 'callSpared' | 'refresh' | 'userinfoRead'>

/** The same client, counting its calls, how long they took and what came of them. */
export function createCountedClient (client: AihubmixClient, metrics: Counts): AihubmixClient {
  const counted = async <Answer>(call: ProviderCall, send: () => Promise<Answer>): Promise<Answer> => {
    const startedAt = performance.now()
    const trace = runningTrace().call(`AIHubMix ${call}`)
    try {
      const answer = await inTrace(trace, send)
      metrics.providerCall(call, 'answered', performance.now() - startedAt)
      trace.end()
      return answer
    } catch (error) {
      if (error instanceof CallSpared) metrics.callSpared(call)
      else metrics.providerCall(call, isTrouble(error) ? 'failed' : 'answered', performance.now() - startedAt)
      trace.end({ error: error instanceof GatewayError ? error.code : 'internal_error' })
      throw error
    }
  }

  return {
    ...client,
    authorizationCodeGrant: (code) => counted('authorization_code', () => client.authorizationCodeGrant(code)),
    refreshTokenGrant: (refreshToken, scope, urgency) =>
      told(counted('refresh_token', () => client.refreshTokenGrant(refreshToken, scope, urgency)), refreshOutcome, metrics.refresh),
    userinfo: (tokens, urgency) => told(counted('userinfo', () => client.userinfo(tokens, urgency)), readOutcome, metrics.userinfoRead),
    topupUrl: (tokens) => counted('topup', () => client.topupUrl(tokens))
  }
}

async function told<Answer, Failure> (answer: Promise<Answer>, outcomeOf: (error: unknown) => Failure, tell: (outcome: Failure | 'success') => void): Promise<Answer> {
  try {
    const answered = await answer
    tell('success')
    return answered
  } catch (error) {
    tell(outcomeOf(error))
    throw error
  }
}

/** No answer, or none that can be used: says nothing about the user. */
function isTrouble (error: unknown): boolean {
  return error instanceof AuthorizationServerUnavailable || error instanceof AuthorizationServerBadResponse
}

function refreshOutcome (error: unknown): Exclude<RefreshOutcome, 'success'> {
  if (error instanceof InvalidGrant) return 'invalid_grant'
  if (error instanceof CallSpared) return 'spared'
  return isTrouble(error) ? 'unavailable' : 'refused'
}

function readOutcome (error: unknown): Exclude<ReadOutcome, 'success'> {
  if (error instanceof InvalidAccessToken) return 'invalid_token'
  if (error instanceof CallSpared) return 'spared'
  return isTrouble(error) ? 'unavailable' : 'refused'
}
