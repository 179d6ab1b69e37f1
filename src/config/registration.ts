import { redirectUri, secureOrigin } from './addresses.ts'

/** The settings of `app create`: it runs before there is any configuration. */

/** AIHubMix's developer token from the environment; null when it is not there. */
export function developerToken (): string | null {
  return process.env['AIHUBMIX_DEVELOPER_TOKEN']?.trim() ?? null
}

/** Where apps are registered; null when the environment names no https origin (or http on loopback). */
export function readAppUrl (): string | null {
  return secureOrigin.safeParse(process.env['GATEWAY_AIHUBMIX_APP_URL'] ?? 'https://api.aihubmix.com').data ?? null
}

/** Why AIHubMix or this gateway would not take this redirect URI; null when there is nothing against it. */
export function redirectUriProblem (text: string): string | null {
  return redirectUri.safeParse(text).error?.issues[0]?.message ?? null
}
