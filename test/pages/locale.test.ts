import t from 'tap'
import { negotiateLocale } from '../../src/pages/locale.ts'

const byAcceptLanguage: ReadonlyArray<readonly [acceptLanguage: string | undefined, locale: string]> = [
  [undefined, 'en'], ['', 'en'], ['*', 'en'], ['en', 'en'], ['en-GB,en;q=0.9', 'en'],
  ['zh-TW', 'zh-Hant'], ['zh-HK', 'zh-Hant'], ['zh-MO', 'zh-Hant'], ['zh-Hant', 'zh-Hant'], ['zh-hant-cn', 'zh-Hant'], ['ZH-tw', 'zh-Hant'],
  ['zh', 'zh-Hans'], ['zh-CN', 'zh-Hans'], ['zh-SG', 'zh-Hans'], ['zh-Hans-TW', 'zh-Hans'],
  ['zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7', 'zh-Hant'],
  ['en;q=0.5, zh-CN;q=0.8', 'zh-Hans'], ['en;q=0.5,zh-TW ; q=0.501', 'zh-Hant'], ['zh-CN;q=1.000, zh-TW', 'zh-Hans'],
  ['fr-FR,fr;q=0.9,zh-TW;q=0.3', 'zh-Hant'], ['de,fr', 'en'],
  ['zh-TW;q=0', 'en'], ['zh-TW;q=0.000,zh-CN;q=0.1', 'zh-Hans'],
  ['zh-TW;q=2', 'en'], ['zh-TW;q=junk,zh-CN;q=0.1', 'zh-Hans'], ['zh-TW;level=1', 'en'],
  ['<script>', 'en'], [';;;,,,=', 'en'], ['zh_TW', 'en'], ['\u0000', 'en'], ['__proto__', 'en'], ['x'.repeat(30_000), 'en']
]

for (const [acceptLanguage, locale] of byAcceptLanguage) {
  t.equal(negotiateLocale(acceptLanguage, null), locale, `Accept-Language: ${acceptLanguage?.slice(0, 60)} is answered in ${locale}`)
}

const byLang: ReadonlyArray<readonly [lang: string, locale: string]> = [
  ['en', 'en'], ['zh-Hant', 'zh-Hant'], ['zh-hans', 'zh-Hans'], ['zh-TW', 'zh-Hant'], ['zh', 'zh-Hans']
]

for (const [lang, locale] of byLang) {
  t.equal(negotiateLocale('fr,en;q=0.5', lang), locale, `?lang=${lang} wins`)
}

for (const lang of ['', 'fr', '<script>', '../../etc/passwd', 'toString']) {
  t.equal(negotiateLocale('zh-TW', lang), 'zh-Hant', `?lang=${lang} is as if it were absent`)
}

t.test('a list longer than any browser sends is not read to its end', async (t) => {
  t.equal(negotiateLocale('fr,'.repeat(10_000) + 'zh-TW', null), 'en')
})
