import { render, type Html } from './html.ts'

/** What may be filled into a template, by name. */
export const templateFields = ['lang', 'title', 'logo', 'content', 'languages', 'style'] as const

export type TemplateField = typeof templateFields[number]

/** An operator's own shell: what stands around, and between, what we fill in. */
export interface Template {
  /** Literal markup and, at every odd place, what is filled in there. */
  readonly parts: readonly string[]
  /** What its own `<style>` elements hold: hashes of them join the policy. */
  readonly styles: readonly string[]
}

const placeholder = /\{\{ *([a-z]+) *\}\}/

/** Why a text is no template, in words for the operator; null when it is one. */
export function templateProblem (text: string): string | null {
  const fields = text.split(placeholder).filter((_, i) => i % 2 === 1)
  const unknown = fields.find((field) => !templateFields.some((known) => known === field))
  if (unknown !== undefined) return `holds {{${unknown}}}; known are ${templateFields.map((field) => `{{${field}}}`).join(' ')}`
  if (fields.filter((field) => field === 'content').length !== 1) return 'must hold {{content}} once'
  if (/<script|\son[a-z]+\s*=|javascript:|<base\b|http-equiv/i.test(text)) return 'holds a script, a base or a policy of its own; our pages run nothing'
  return null
}

/** Reads a template that has no problem. */
export function readTemplate (text: string): Template {
  return { parts: text.split(placeholder), styles: Array.from(text.matchAll(/<style[^>]*>([^]*?)<\/style>/gi), ([, css = '']) => css) }
}

/** The template with everything in its place. */
export function fillIn ({ parts }: Template, fields: Readonly<Record<TemplateField, Html>>): string {
  return parts.map((part, i) => i % 2 === 0 ? part : render(fields[part as TemplateField])).join('')
}
