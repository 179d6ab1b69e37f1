import { z } from 'zod'
import { headersSection } from './headers.ts'
import { pagesSection } from './pages.ts'
import { routeSchema } from './route.ts'
import { adminSection, aihubmixSection, identitySection, logSection, serverSection } from './sections.ts'
import { sessionSection } from './session.ts'

/** Every key a configuration may hold, each valid by itself; how they fit together is the business of rules.ts. */
export const written = z.strictObject({
  server: serverSection.prefault({}).describe('The public listener'),
  admin: adminSection.prefault({}).describe('The listener for operators'),
  aihubmix: aihubmixSection.prefault({}).describe('The OAuth app at AIHubMix'),
  session: sessionSection.prefault({}).describe('Sessions and their cookie'),
  identity: identitySection.prefault({}).describe('Who the user is, and who may pass'),
  headers: headersSection.prefault({}).describe('What the app is told'),
  routes: z.array(routeSchema).prefault([]).describe('Which request goes where'),
  pages: pagesSection.prefault({}).describe('How our pages look'),
  log: logSection.prefault({}).describe('The log')
})

/** A configuration whose keys are read, before rules and defaults that depend on other keys. */
export type Written = z.output<typeof written>
