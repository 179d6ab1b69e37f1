import { exactJson, type Members } from '../json.ts'
import type { WireAnswer } from '../answer.ts'
import { oneOf, text, wholeNumber } from './args.ts'
import { type FaultArgs, FaultRefused, type FaultStages } from './stages.ts'

/** Faults of how an answer travels: E-52, E-54 and E-55. */
export const deliveryKinds = {
  status: (args: FaultArgs): FaultStages => ({ endpoint: '*', instead: statusAnswer(args) }),
  redirect: (args: FaultArgs): FaultStages => ({
    endpoint: '*',
    instead: { status: wholeNumber(args, 'code', 302), headers: { location: text(args, 'to', 'https://attacker.example/') }, body: '' }
  }),
  slow: (args: FaultArgs): FaultStages => ({ endpoint: '*', delayMs: wholeNumber(args, 'headers_ms', 2000) }),
  hang: (): FaultStages => ({ endpoint: '*', instead: 'hang' }),
  reset_connection: (args: FaultArgs): FaultStages => {
    const when = oneOf(args, 'when', ['before', 'mid', 'after_processing'])
    return when === 'before' ? { endpoint: '*', instead: 'reset' } : { endpoint: '*', lost: when === 'mid' ? 'reset_mid' : 'reset' }
  },
  malformed_json: (): FaultStages => ({ endpoint: '*', wire: withBody(() => '{"access_token": nope,}') }),
  truncated: (): FaultStages => ({ endpoint: '*', wire: withBody((body) => body.slice(0, Math.floor(body.length / 2))) }),
  bom: (): FaultStages => ({ endpoint: '*', wire: withBody((body) => `\uFEFF${body}`) }),
  null: (): FaultStages => ({ endpoint: '*', wire: withBody(() => 'null') }),
  array: (): FaultStages => ({ endpoint: '*', wire: withBody((body) => `[${body}]`) }),
  huge_body: (args: FaultArgs): FaultStages => {
    const padding = 'x'.repeat(wholeNumber(args, 'bytes', 8 * 1024 * 1024))
    return { endpoint: '*', wire: withBody((body) => body.replace(/}$/, `,"padding":"${padding}"}`)) }
  },
  wrong_content_type: (args: FaultArgs): FaultStages => {
    const contentType = text(args, 'value', 'text/plain')
    return { endpoint: '*', wire: (answer) => ({ ...answer, headers: { ...answer.headers, 'content-type': contentType } }) }
  },
  header: (args: FaultArgs): FaultStages => {
    const header = { [text(args, 'name', 'access-control-allow-origin').toLowerCase()]: text(args, 'value', '*') }
    return { endpoint: '*', wire: (answer) => ({ ...answer, headers: { ...answer.headers, ...header } }) }
  }
}

function withBody (change: (body: string) => string): (answer: WireAnswer) => WireAnswer {
  return (answer) => ({ ...answer, body: change(answer.body) })
}

function statusAnswer (args: FaultArgs): WireAnswer {
  const status = wholeNumber(args, 'code', 503)
  if (status < 200 || status > 599) throw new FaultRefused('"code" must lie between 200 and 599.')
  const kind = oneOf(args, 'body', ['oauth', 'envelope', 'envelope200', 'newapi', 'text', 'empty', 'html'])
  const error = text(args, 'error', usualError(status))
  const message = text(args, 'message', '無效的請求')
  const [contentType, body] = bodies(error, message)[kind]
  const headers = { ...(contentType === '' ? {} : { 'content-type': contentType }), ...retryAfter(args) }
  return { status: kind === 'envelope200' ? 200 : status, headers, body }
}

function bodies (error: string, message: string) {
  const json = (members: Members): [string, string] => ['application/json; charset=utf-8', exactJson(members)]
  const envelope = json({ success: false, message })
  return {
    oauth: json({ error, error_description: message }),
    envelope,
    envelope200: envelope,
    newapi: json({ success: false, code: 'AUTH_UNAUTHORIZED', message }),
    text: ['text/plain; charset=utf-8', message],
    empty: ['', ''],
    html: ['text/html; charset=utf-8', '<!doctype html><title>Just a moment…</title>']
  } satisfies Record<string, [string, string]>
}

function usualError (status: number): string {
  if (status === 401) return 'invalid_token'
  if (status === 503) return 'temporarily_unavailable'
  return status >= 500 ? 'server_error' : 'invalid_request'
}

function retryAfter (args: FaultArgs): Readonly<Record<string, string>> {
  const value = args.read('retry_after')
  return value === undefined ? {} : { 'retry-after': String(value) }
}
