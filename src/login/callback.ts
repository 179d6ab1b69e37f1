import { GatewayError } from '../errors.ts'

/** What AIHubMix sent the browser back with: an authorization response (RFC 6749 §4.1.2). */
export type AuthorizationResponse =
  | { readonly state: string, readonly code: string }
  | { readonly state: string, readonly refusal: string }

const longestState = 256
const longestCode = 4_096

/**
 * Reads the callback's query. A repeated parameter is refused (RFC 6749 §3.1), and an error is nothing without its state: anybody
 * can link to an error.
 * @throws GatewayError missing_parameters
 */
export function readAuthorizationResponse (search: URLSearchParams): AuthorizationResponse {
  const only = (name: string, longest: number): string => {
    const [value = '', ...more] = search.getAll(name)
    if (more.length > 0 || value.length > longest) throw new GatewayError('missing_parameters', { cause: new Error(`${name} is repeated or too long`) })
    return value
  }
  const state = only('state', longestState)
  const code = only('code', longestCode)
  const refusal = only('error', longestCode)
  if (state === '' || (code === '' && refusal === '')) throw new GatewayError('missing_parameters', { cause: new Error('no state, or neither code nor error') })
  return refusal === '' ? { state, code } : { state, refusal }
}

/** The page a refusal leads to: our own words, chosen by the code; what AIHubMix wrote is never shown. */
export function refusalError (refusal: string): GatewayError {
  const cause = new Error(`authorization error ${JSON.stringify(refusal.slice(0, 60))}`)
  if (refusal === 'access_denied') return new GatewayError('consent_refused', { cause })
  if (refusal === 'server_error' || refusal === 'temporarily_unavailable') return new GatewayError('provider_unavailable', { cause })
  return new GatewayError('exchange_failed', { cause })
}
