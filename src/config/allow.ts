import { z } from 'zod'
import { section } from './section.ts'

const text = z.string().min(1)

/** An AIHubMix user id. YAML reads a bare one as a number; above 2^53 that number would be another user's id. */
const userId = z.union([
  text,
  z.int('has too many digits for a number: put it in quotes').transform(String)
], 'must be a user id')

/**
 * Who may pass. An empty list says nothing; all lists empty admits every AIHubMix user, else one match in any list is
 * enough. E-mail addresses and domains are lower-cased here: compare with the lower-cased address.
 */
export const allowRules = section({
  ids: z.array(userId).prefault([]).describe('AIHubMix user ids'),
  usernames: z.array(text).prefault([]).describe('AIHubMix user names, exactly as AIHubMix spells them'),
  emails: z.array(z.email('must be an e-mail address').transform((email) => email.toLowerCase())).prefault([])
    .describe('E-mail addresses; needs identity.trustEmails: true'),
  emailDomains: z.array(z.string().regex(/^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/, 'must be a domain such as example.com, without @').transform((domain) => domain.toLowerCase())).prefault([])
    .describe('Domains of e-mail addresses, sub-domains not included; needs identity.trustEmails: true')
}).prefault({})
