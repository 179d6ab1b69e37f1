import { z } from 'zod'
import { secureUrl } from './addresses.ts'
import { section } from './section.ts'

const colour = z.string().regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as "#2f55d4"').nullable().default(null)
const filePath = z.string().min(1).nullable().default(null)
const words = z.string().min(1).max(500).nullable().default(null)

const texts = section({
  signInTitle: words.describe('Heading of the sign-in page'),
  signInText: words.describe('A sentence of yours on the sign-in page'),
  signedOutTitle: words.describe('Heading of the signed-out page'),
  signedOutText: words.describe('Text of the signed-out page'),
  lowBalanceText: words.describe('Text of the page that leads to the top-up')
})

/** The section `pages`. */
export const pagesSection = section({
  appName: z.string().min(1).max(60).nullable().default(null).describe('What the app is called on our pages, beside its host'),
  accent: colour.describe('Colour of buttons and links; what stands on it is made readable'),
  accentDark: colour.describe('The same where the browser asks for dark; default accent'),
  logoFile: filePath.describe('SVG, PNG, JPEG or WebP of at most 64 KiB, shown in place of our mark; it becomes part of the page'),
  templateFile: filePath.describe('HTML shell of your own with {{content}} and other places to fill in'),
  supportUrl: secureUrl.nullable().prefault(null).describe('"Get help" link on our pages'),
  texts: section({
    en: texts.prefault({}).describe('English'),
    zhHant: texts.prefault({}).describe('Traditional Chinese'),
    zhHans: texts.prefault({}).describe('Simplified Chinese')
  }).prefault({}).describe('Words of your own on our pages')
})
