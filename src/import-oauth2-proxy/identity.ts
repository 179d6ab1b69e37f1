import type { Reading } from './reading.ts'

/** They let some users in and not others: left out, everybody would be let in. */
const restricting = [
  'authenticated_emails_file', 'htpasswd_file', 'allowed_groups', 'allowed_roles', 'github_org', 'github_team', 'github_repo', 'github_users', 'gitlab_groups', 'gitlab_projects',
  'google_groups', 'keycloak_groups', 'bitbucket_team', 'bitbucket_repository', 'entra_id_allowed_tenants'
]

/** Nobody, until somebody writes who. */
const nobody = { allow: { ids: ['replace-me'] } }

export function identitySection (reading: Reading): object {
  const { all, note } = reading
  const rules = [...restricting.filter((name) => all(name).length > 0), ...tenant(reading)]
  for (const name of rules) note(name, 'no counterpart: nobody may pass until you write in identity.allow who may')
  const given = all('email_domains')
  const domains = given.filter(isDomain)
  if (rules.length > 0) return nobody
  if (given.includes('*') || given.length === 0) {
    note('identity.allow', 'is empty: every AIHubMix user may pass')
    return {}
  }
  for (const other of given.filter((domain) => !isDomain(domain))) note('email_domains', `${JSON.stringify(other)} is left out: a domain is meant as written, its sub-domains are others`)
  if (domains.length === 0) return nobody
  note('email_domains', 'carried over with identity.trustEmails: AIHubMix does not say that an address was verified; rules by id are safer')
  return { trustEmails: true, allow: { emailDomains: domains } }
}

/** `.example.com` and `*.example.com` are what lies below, and not example.com itself. */
function isDomain (text: string): boolean {
  return /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/.test(text)
}

/** One company's users, unless it is everybody's. */
function tenant ({ one }: Reading): readonly string[] {
  return ['common', 'organizations', 'consumers', undefined].includes(one('azure_tenant')) ? [] : ['azure_tenant']
}
