import { render, type Html } from './html.ts'

/** What is filled into a template, by name. */
export type TemplateFields = Readonly<Record<'lang' | 'title' | 'logo' | 'content' | 'languages' | 'style', Html>>

/** An operator's own shell: what stands around, and between, what we fill in. */
export interface Template {
  /** Markup of the operator's and, at every odd place, the name of what is filled in there. */
  readonly parts: readonly string[]
  /** What its own `<style>` elements hold: hashes of them join the policy. */
  readonly styles: readonly string[]
}

/** Reads a template that the configuration's rules found good. */
export function readTemplate (text: string): Template {
  return {
    parts: text.split(/\{\{ *([a-z]+) *\}\}/),
    styles: Array.from(text.matchAll(/<style[^>]*>([^]*?)<\/style>/gi), ([, css = '']) => css)
  }
}

/** The template with everything in its place; what is filled in is never read as a template again. */
export function fillIn ({ parts }: Template, fields: TemplateFields): string {
  return parts.map((part, i) => i % 2 === 0 ? part : render(fields[part as keyof TemplateFields])).join('')
}
