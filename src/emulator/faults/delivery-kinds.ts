import { gzipSync } from 'node:zlib'
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
  slow,
  close_early: (): FaultStages => ({ endpoint: '*', lost: 'close_early' }),
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
  gzip_bomb: (args: FaultArgs): FaultStages => {
    const gzipped = gzipBomb(wholeNumber(args, 'bytes', 64 * 1024 * 1024))
    return { endpoint: '*', wire: (answer) => ({ ...answer, gzipped }) }
  },
  wrong_content_type: (args: FaultArgs): FaultStages => {
    const contentType = text(args, 'value', 'text/plain')
    return { endpoint: '*', wire: ({ headers: { 'content-type': _, ...headers }, ...answer }) => ({ ...answer, headers: contentType === 'none' ? headers : { ...headers, 'content-type': contentType } }) }
  },
  header: (args: FaultArgs): FaultStages => {
    const header = { [text(args, 'name', 'access-control-allow-origin').toLowerCase()]: text(args, 'value', '*') }
    return { endpoint: '*', wire: (answer) => ({ ...answer, headers: { ...answer.headers, ...header } }) }
  }
}

function slow (args: FaultArgs): FaultStages {
  const headersMs = wholeNumber(args, 'headers_ms', -1)
  const bytesPerSecond = wholeNumber(args, 'body_bytes_per_s', 0)
  if (bytesPerSecond < 0) throw new FaultRefused('"body_bytes_per_s" must be 0, at once, or more.')
  const isAtOnce = bytesPerSecond === 0
  return { endpoint: '*', pace: { headersMs: headersMs >= 0 ? headersMs : isAtOnce ? 2000 : 0, bodyBytesPerSecond: isAtOnce ? null : bytesPerSecond } }
}

/** Bytes that become a JSON object of so many spaces: small on the way, large once unpacked. */
function gzipBomb (bytes: number): Buffer {
  return gzipSync(Buffer.concat([Buffer.from('{'), Buffer.alloc(bytes, 0x20), Buffer.from('}')]))
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
