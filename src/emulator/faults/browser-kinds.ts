import type { Members } from '../json.ts'
import { oneOf, text, wholeNumber } from './args.ts'
import type { FaultArgs, FaultStages } from './stages.ts'

/** Faults of what passes through the browser: E-58, E-59, the COOP switch E-17, CORS E-26 and unknown paths E-27. */
export const browserKinds = {
  error: (args: FaultArgs): FaultStages => ({ endpoint: 'authorize', settings: { authorizeError: text(args, 'code', 'access_denied') } }),
  drop_state: (): FaultStages => ({ endpoint: 'authorize', redirect: (parameters) => parameters.delete('state') }),
  tamper_state: (): FaultStages => ({ endpoint: 'authorize', redirect: (parameters) => parameters.set('state', `${parameters.get('state')}x`) }),
  duplicate_params: (): FaultStages => ({ endpoint: 'authorize', redirect: repeatAll }),
  code_and_error: (): FaultStages => ({ endpoint: 'authorize', redirect: (parameters) => parameters.set('error', 'access_denied') }),
  ignore_auto_authorize: (): FaultStages => ({ endpoint: 'authorize', settings: { ignoreAutoAuthorize: true } }),
  pkce: (args: FaultArgs): FaultStages => ({ endpoint: '*', settings: { pkce: oneOf(args, 'as', ['honour', 'ignore', 'reject']) } }),
  strict_scope_encoding: (): FaultStages => ({ endpoint: 'authorize', settings: { strictScopeEncoding: true } }),
  cors: (args: FaultArgs): FaultStages => ({ endpoint: '*', settings: { allowedOrigin: text(args, 'origin', '*') } }),
  opener_policy: (args: FaultArgs): FaultStages => ({ endpoint: '*', settings: { openerPolicy: text(args, 'value', 'same-origin') } }),
  unknown_path: (args: FaultArgs): FaultStages => ({ endpoint: '*', settings: { unknownPath: oneOf(args, 'as', ['html', 'json']) } }),
  missing: (): FaultStages => ({ endpoint: 'topup', members: () => ({}) }),
  http: (): FaultStages => topupUrl((path) => `http://console.aihubmix.com${path}`),
  javascript: (): FaultStages => topupUrl(() => 'javascript:alert(document.domain)'),
  foreign_host: (): FaultStages => topupUrl((path) => `https://attacker.example${path}`),
  relative: (): FaultStages => topupUrl((path) => path),
  delayed_credit: (args: FaultArgs): FaultStages => ({
    endpoint: 'topup_page',
    settings: { creditDelayMs: wholeNumber(args, 'seconds', 30) * 1000 }
  })
}

function repeatAll (parameters: URLSearchParams): void {
  for (const [name, value] of [...parameters]) parameters.append(name, value)
}

function topupUrl (changed: (path: string) => string): FaultStages {
  return { endpoint: 'topup', members: (members) => withTopupUrl(members, changed) }
}

function withTopupUrl (members: Members, changed: (path: string) => string): Members {
  const { pathname, search } = new URL(String(members['topup_url']))
  return { ...members, topup_url: changed(`${pathname}${search}`) }
}
