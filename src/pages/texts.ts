import type { Locale } from './locale.ts'
import type { PageTexts } from './page-texts.ts'
import { en } from './texts-en.ts'
import { zhHans } from './texts-zh-hans.ts'
import { zhHant } from './texts-zh-hant.ts'

/** What our pages say, by language, in the order the language switch shows. */
export const texts: Readonly<Record<Locale, PageTexts>> = { en, 'zh-Hant': zhHant, 'zh-Hans': zhHans }
