import { request, type Agent } from 'undici'

/** What a host answers to somebody who shows no credentials. */
export interface Probed {
  readonly status: number
  readonly location: string | null
  /** Epoch ms by the host's clock; null when it does not say. */
  readonly date: number | null
  readonly isEmulator: boolean
  readonly text: string
}

const longestTextBytes = 64 * 1024

/**
 * Looks at an address once, with no credentials and no cookie, following nothing.
 * @throws the connection's error
 */
export async function probe (url: string, { timeoutMs, dispatcher }: { readonly timeoutMs: number, readonly dispatcher?: Agent }): Promise<Probed> {
  const { statusCode, headers, body } = await request(url, {
    headers: { accept: 'application/json, text/html;q=0.9', 'user-agent': 'aihubmix-gateway' },
    signal: AbortSignal.timeout(timeoutMs),
    ...(dispatcher === undefined ? {} : { dispatcher })
  })
  let text = ''
  for await (const chunk of body) {
    text += String(chunk)
    if (text.length > longestTextBytes) break // the rest is given up with the connection
  }
  const [location = null] = [headers['location'] ?? []].flat()
  const date = Date.parse(String(headers['date']))
  return { status: statusCode, location, date: Number.isNaN(date) ? null : date, isEmulator: headers['x-aihubmix-emulator'] !== undefined, text }
}

/** Why no connection came about, in plain words. */
export function connectionProblem (error: unknown): string {
  const { code, message } = innermost(error)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not found in DNS'
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (code === 'ENOENT') return 'there is no such socket'
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code)) return `its certificate is not accepted (${code})`
  if (/SSL|TLS|EPROTO/.test(code)) return 'it does not speak TLS there'
  if (/TIMEOUT|ETIMEDOUT/.test(code) || /timeout/i.test(message)) return 'it does not answer in time'
  return `the connection breaks (${code === '' ? message : code})`
}

function innermost (error: unknown): { readonly code: string, readonly message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) }
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause
  if (inner instanceof Error) return innermost(inner)
  return { code: 'code' in error ? String(error.code) : '', message: error.message }
}
