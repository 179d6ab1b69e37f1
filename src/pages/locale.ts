/** The languages of our pages, as BCP 47 tags. */
export type Locale = 'en' | 'zh-Hant' | 'zh-Hans'

interface LanguageRange { readonly tag: string, readonly weight: number }

// No browser sends more; a longer list is somebody making us work.
const maxRanges = 20

/** The language of ours that a BCP 47 tag is served with; null when it is none of ours or no tag at all. */
function localeOf (tag: string): Locale | null {
  try {
    // CLDR knows which script a region writes: TW, HK and MO Hant, the others Hans; a script in the tag wins.
    const { language, script } = new Intl.Locale(tag).maximize()
    if (language === 'zh') return script === 'Hant' ? 'zh-Hant' : 'zh-Hans'
    return language === 'en' ? 'en' : null
  } catch {
    return null
  }
}

/** One member of Accept-Language (RFC 9110 §12.5.4); a weight that cannot be read counts as "not acceptable". */
function languageRange (member: string): LanguageRange {
  const [tag = '', parameter] = member.split(';', 2).map((part) => part.trim())
  if (parameter === undefined) return { tag, weight: 1 }
  const weight = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.exec(parameter)?.[1]
  return { tag, weight: Number(weight ?? 0) }
}

function byPreference (acceptLanguage: string): readonly LanguageRange[] {
  return acceptLanguage.split(',', maxRanges).map(languageRange)
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
}

/**
 * The language of a page: what `?lang=` asks for, else the best of Accept-Language, else English. Chinese without a script
 * is Traditional for Taiwan, Hong Kong and Macau and Simplified otherwise. Junk in either is as if it were absent.
 */
export function negotiateLocale (acceptLanguage: string | undefined, lang: string | null): Locale {
  const asked = lang === null ? null : localeOf(lang)
  if (asked !== null) return asked
  for (const { tag } of byPreference(acceptLanguage ?? '')) {
    const locale = localeOf(tag)
    if (locale !== null) return locale
  }
  return 'en'
}
