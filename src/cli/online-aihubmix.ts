import { randomBytes } from 'node:crypto'
import { connectionProblem, probe, type Probed } from '../aihubmix/probe.ts'
import { parseJsonObject } from '../aihubmix/wire.ts'
import type { AihubmixConfig } from '../config/schema.ts'

/** What was looked at, and what is wrong with it; null when nothing is. */
export interface Finding {
  readonly about: string
  readonly problem: string | null
}

const longestSkewMs = 60_000

/** Looks at AIHubMix as the configuration has it, without any credentials. */
export async function aihubmixFindings (aihubmix: AihubmixConfig, { isPublic, now }: { readonly isPublic: boolean, readonly now: () => number }): Promise<readonly Finding[]> {
  const hosts = new Map([[aihubmix.serverUrl, 'aihubmix.serverUrl'], ...aihubmix.serverFallbackUrls.map((url) => [url, 'aihubmix.serverFallbackUrls'] as const)])
  const back = await Promise.all(Array.from(hosts, async ([url, key]) => await backChannel(url, key, { aihubmix, isPublic, now })))
  return [...back.flat(), await authorization(aihubmix)]
}

interface Surroundings { readonly aihubmix: AihubmixConfig, readonly isPublic: boolean, readonly now: () => number }

async function backChannel (url: string, key: string, { aihubmix, isPublic, now }: Surroundings): Promise<readonly Finding[]> {
  const about = `AIHubMix's API at ${url}`
  try {
    const answer = await probe(`${url}/api/oauth2/userinfo`, { timeoutMs: aihubmix.timeout })
    return [
      { about, problem: apiProblem(answer, key) },
      ...(answer.date === null ? [] : [{ about: `the clock, compared with ${url}`, problem: clockProblem(answer.date - now()) }]),
      ...(answer.isEmulator && isPublic ? [{ about, problem: `It is the emulator, where everybody signs in as anybody, and server.publicUrl is open to others. Set ${key} to AIHubMix itself.` }] : [])
    ]
  } catch (error) {
    return [{ about, problem: `It cannot be reached: ${connectionProblem(error)}. Check ${key}, and that this machine may reach it.` }]
  }
}

/** Asked without a token, AIHubMix refuses in JSON; a page or a redirect is somebody else's answer (provider.md F-48). */
function apiProblem ({ status, text }: Probed, key: string): string | null {
  if (status === 429) return 'It says that it was asked too often (429). Wait a few minutes and check again.'
  if (status >= 500) return `It answers ${status}: AIHubMix has trouble just now, or ${key} names a proxy that cannot reach it.`
  if (status >= 300 && status < 400) return `It answers with a redirect. Set ${key} to the host that serves the API itself, such as https://api.aihubmix.com.`
  if (!isJson(text)) return `It answers ${status} with a page and not with JSON: there is no API at this address. Set ${key} to AIHubMix's API, such as https://api.aihubmix.com, without a path.`
  return status === 404 ? `It answers 404: the OAuth endpoints are not at this host. Check ${key}.` : null
}

function isJson (text: string): boolean {
  try {
    parseJsonObject(text)
    return true
  } catch {
    return false
  }
}

function clockProblem (aheadMs: number): string | null {
  if (Math.abs(aheadMs) <= longestSkewMs) return null
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  return `This machine's clock is ${seconds} seconds ${aheadMs > 0 ? 'behind' : 'ahead'}. Synchronise it (NTP).`
}

/** Begins a sign-in nobody finishes: AIHubMix shows its sign-in page, or says that it does not know the app. */
async function authorization (aihubmix: AihubmixConfig): Promise<Finding> {
  const about = `the app ${aihubmix.clientId} at ${aihubmix.browserUrl}`
  try {
    const state = randomBytes(16).toString('base64url')
    // A page may repeat what it was asked with: that is no difference.
    const ask = async (clientId: string): Promise<Probed> => {
      const answer = await probe(authorizationUrl(aihubmix, clientId, state), { timeoutMs: aihubmix.timeout })
      return { ...answer, text: answer.text.replaceAll(clientId, '') }
    }
    const answer = await ask(aihubmix.clientId)
    if (answer.status >= 500) return { about, problem: `The sign-in page answers ${answer.status}: AIHubMix has trouble just now, or aihubmix.browserUrl is wrong.` }
    if (answer.status < 400) return { about, problem: refusalIn(answer, aihubmix) }
    if (answer.status === 404) return { about, problem: 'There is no sign-in page at this host (404). Check aihubmix.browserUrl.' }
    return { about, problem: isSame(answer, await ask(`client_${randomBytes(6).toString('hex')}`)) ? unknownClient : wrongRedirect(aihubmix) }
  } catch (error) {
    return { about, problem: `The sign-in page cannot be reached: ${connectionProblem(error)}. Check aihubmix.browserUrl.` }
  }
}

const unknownClient = 'AIHubMix answers as for an app that does not exist. Check aihubmix.clientId.'

function wrongRedirect ({ redirectUri }: AihubmixConfig): string {
  return `AIHubMix knows the app and refuses the request: register exactly ${redirectUri} as its redirect URI, or set aihubmix.redirectUri to the one that is registered.`
}

function authorizationUrl ({ browserUrl, redirectUri, scope }: AihubmixConfig, clientId: string, state: string): string {
  const parameters = new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, response_type: 'code', scope, state })
  return `${browserUrl}/api/oauth2/authorize?${parameters.toString().replaceAll('+', '%20')}`
}

/** Sent straight back with an error, the request itself is wrong; the code says how (RFC 6749 §4.1.2.1). */
function refusalIn ({ location }: Probed, { redirectUri, scope }: AihubmixConfig): string | null {
  const error = location?.startsWith(redirectUri) === true ? new URL(location).searchParams.get('error') : null
  if (error === null) return null
  if (error === 'invalid_scope') return `AIHubMix does not know a scope of "${scope}". Check aihubmix.scope.`
  return `AIHubMix refuses to begin a sign-in: ${error.replace(/[^\w.-]/g, ' ').slice(0, 60)}.`
}

function isSame (one: Probed, other: Probed): boolean {
  return one.status === other.status && one.text === other.text
}
