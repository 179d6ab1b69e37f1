import { createHash } from 'node:crypto'
import { render, type Html } from './html.ts'
import type { Locale } from './locale.ts'
import type { PageTexts } from './page-texts.ts'
import { stylesheet } from './stylesheet.ts'
import type { Template } from './template.ts'
import { texts } from './texts.ts'

/** How our pages look at one operator's. All of it is constant: hashes of it stand in the policy. */
export interface Appearance {
  readonly stylesheet: Html
  readonly texts: Readonly<Record<Locale, PageTexts>>
  /** How the app is called, beside its host; null: by its host alone. */
  readonly appName: string | null
  /** A picture as a data URI in place of our own. */
  readonly logo: string | null
  /** The operator's own shell of a page. */
  readonly template: Template | null
  /** Where to get help, and where to take consent back. */
  readonly supportUrl: string | null
  readonly authorizationsUrl: string | null
}

/** Pages as they are when nothing is configured. */
export const plain: Appearance = { stylesheet, texts, appName: null, logo: null, template: null, supportUrl: null, authorizationsUrl: null }

/** As a source expression of a Content-Security-Policy. */
export function hashOf (content: Html | string): string {
  return `'sha256-${createHash('sha256').update(typeof content === 'string' ? content : render(content)).digest('base64')}'`
}
