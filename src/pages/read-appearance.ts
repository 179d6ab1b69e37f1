import { readFile } from 'node:fs/promises'
import { plain, type Appearance } from './appearance.ts'
import { accentStyle } from './colours.ts'
import { html } from './html.ts'
import type { PageTexts } from './page-texts.ts'
import { readTemplate } from './template.ts'
import { texts } from './texts.ts'

/** Words of the operator's own; null: ours. */
interface OwnWords {
  readonly signInTitle: string | null
  readonly signInText: string | null
  readonly signedOutTitle: string | null
  readonly signedOutText: string | null
  readonly lowBalanceText: string | null
}

interface AppearanceOptions {
  readonly appName: string | null
  readonly accent: string | null
  readonly accentDark: string | null
  readonly logoFile: string | null
  readonly templateFile: string | null
  readonly supportUrl: string | null
  readonly texts: Readonly<Record<'en' | 'zhHant' | 'zhHans', OwnWords>>
  readonly authorizationsUrl: string | null
  /** The media type of a picture. */
  readonly logoType: (content: Buffer) => string | null
}

/** What the configuration says of our pages, read once. @throws when a file is gone since the configuration was checked */
export async function readAppearance (options: AppearanceOptions): Promise<Appearance> {
  const { appName, supportUrl, authorizationsUrl, texts: own } = options
  return {
    appName,
    supportUrl,
    authorizationsUrl,
    stylesheet: styleOf(options),
    texts: { en: withOwn(texts.en, own.en), 'zh-Hant': withOwn(texts['zh-Hant'], own.zhHant), 'zh-Hans': withOwn(texts['zh-Hans'], own.zhHans) },
    logo: options.logoFile === null ? null : await logoOf(options.logoFile, options),
    template: options.templateFile === null ? null : readTemplate(await readFile(options.templateFile, 'utf8'))
  }
}

function styleOf ({ accent, accentDark }: AppearanceOptions): Appearance['stylesheet'] {
  const light = accent ?? accentDark
  return light === null ? plain.stylesheet : html`${plain.stylesheet}${accentStyle(light, accentDark ?? light)}`
}

/** A picture in an <img> runs no script, an SVG neither. */
async function logoOf (file: string, { logoType }: AppearanceOptions): Promise<string> {
  const content = await readFile(file)
  return `data:${logoType(content) ?? 'application/octet-stream'};base64,${content.toString('base64')}`
}

function withOwn (ours: PageTexts, { signInTitle, signInText, signedOutTitle, signedOutText, lowBalanceText }: OwnWords): PageTexts {
  const { signIn, signedOut, errors } = ours
  return {
    ...ours,
    signIn: { ...signIn, title: signInTitle ?? signIn.title, welcome: signInText },
    signedOut: { ...signedOut, title: signedOutTitle ?? signedOut.title, text: signedOutText ?? signedOut.text },
    errors: { ...errors, balance_too_low: { ...errors.balance_too_low, text: lowBalanceText ?? errors.balance_too_low.text } }
  }
}
