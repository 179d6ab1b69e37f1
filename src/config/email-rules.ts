import type { Finding } from './rules.ts'
import type { Written } from './written.ts'

type AllowRules = Written['identity']['allow']

/** AIHubMix does not say that an address was verified: anyone could sign up with somebody else's. */
export function emailsAreTrusted (allow: AllowRules, trustEmails: boolean, path: Finding['path']): readonly Finding[] {
  if (trustEmails) return []
  const used = (['emails', 'emailDomains'] as const).filter((list) => allow[list].length > 0)
  return used.map((list) => ({ path: [...path, list], message: 'needs identity.trustEmails: true, because AIHubMix does not say that an address was verified' }))
}
