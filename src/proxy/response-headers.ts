import { cookieNameOf, type OwnCookies } from '../session/cookies.ts'

/** The app's headers, as far as they go on to the client, and what of them decides how the answer is passed on. */
export interface AppHeaders {
  /** Flat: name, value, name, value … */
  readonly list: string[]
  readonly upgrade: string | null
  readonly contentType: string | null
  readonly cacheControl: string | null
  /** null = not said */
  readonly contentLengthBytes: number | null
}

/** As undici received them: names and values by turns. */
export type ReceivedHeaders = ReadonlyArray<Buffer | string> | null

const hopByHop = ['keep-alive', 'proxy-connection', 'proxy-authenticate', 'transfer-encoding', 'trailer']

type Treatment = 'keep' | 'drop' | 'connection' | 'upgrade' | 'set-cookie' | 'content-type' | 'cache-control' | 'content-length'

const ownTreatment: ReadonlyMap<string, Treatment> = new Map((['connection', 'upgrade', 'set-cookie', 'content-type', 'cache-control', 'content-length'] as const).map((name) => [name, name]))

const rememberedNames = 2_000

/**
 * Reads the headers of the app's answer in one pass: without what belongs to the hop, without cookies that bear our name (an app must
 * not sign anybody in), and without identity headers.
 */
export function createResponseHeaders (ownCookies: OwnCookies, identityNames: readonly string[]) {
  const dropped = new Set([...hopByHop, ...identityNames.map((name) => name.toLowerCase())])
  const treatments = new Map<string, Treatment>()

  /** Apps send the same few names for ever; an app that makes them up must not fill the memory. */
  function treatment (name: string): Treatment {
    const known = treatments.get(name)
    if (known !== undefined) return known
    const lower = name.toLowerCase()
    const judged = dropped.has(lower) ? 'drop' : ownTreatment.get(lower) ?? 'keep'
    if (treatments.size < rememberedNames && name.length < 64) treatments.set(name, judged)
    return judged
  }

  return function responseHeaders (received: ReceivedHeaders): AppHeaders {
    const fields = received ?? []
    const list: string[] = []
    let connection: string | null = null
    let upgrade: string | null = null
    let contentType: string | null = null
    let cacheControl: string | null = null
    let contentLengthBytes: number | null = null
    for (let index = 0; index < fields.length; index += 2) {
      const name = text(fields[index])
      const value = text(fields[index + 1])
      switch (treatment(name)) {
        case 'drop': continue
        case 'connection': connection = joined(connection, value); continue
        case 'upgrade': upgrade = joined(upgrade, value); continue
        case 'set-cookie': if (isOurs(value)) continue; break
        case 'content-type': contentType ??= value; break
        case 'cache-control': cacheControl = joined(cacheControl, value); break
        case 'content-length': contentLengthBytes = Number(value)
      }
      list.push(name, value)
    }
    return { list: connection === null ? list : withoutNamed(connection, list), upgrade, contentType, cacheControl, contentLengthBytes }
  }

  /** A browser keeps `=name=value` as a cookie without a name, and sends `name=value` back. */
  function isOurs (setCookie: string): boolean {
    return ownCookies.includes(cookieNameOf(setCookie.replace(/^[=\s]+/, '')))
  }
}

/** Name and value of each field, in their order. */
export function pairs (received: ReceivedHeaders): Array<[name: string, value: string]> {
  return (received ?? []).flatMap((name, index, fields): Array<[string, string]> => index % 2 === 0 ? [[text(name), text(fields[index + 1])]] : [])
}

/** Octet by octet: a field's value is text of no encoding (RFC 9110 §5.5). */
function text (field: Buffer | string | undefined): string {
  return typeof field === 'string' ? field : field?.toString('latin1') ?? ''
}

/** One list, sent in several fields (RFC 9110 §5.3). */
function joined (before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`
}

/** What the app's Connection header declares to be for its hop only (RFC 9110 §7.6.1). */
function withoutNamed (connection: string, list: string[]): string[] {
  const lower = connection.toLowerCase()
  if (lower === 'keep-alive' || lower === 'close') return list
  const named = new Set(lower.split(',').map((name) => name.trim()))
  return list.filter((_, index) => !named.has((list[index - index % 2] ?? '').toLowerCase()))
}
