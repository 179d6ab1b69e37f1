import { readFile } from 'node:fs/promises'
import type { Path } from './outline.ts'
import { pathText, type Problem } from './problems.ts'
import type { PagesConfig } from './schema.ts'

const logoLimitBytes = 64 * 1024
const templateLimitBytes = 256 * 1024
const placeholder = /\{\{ *([a-z]+) *\}\}/g
const fields = ['lang', 'title', 'logo', 'content', 'languages', 'style']

/** What is wrong with the files our pages are dressed with, which can be read: said at the start, not by a page without its logo. */
export async function badPageFiles ({ logoFile, templateFile }: PagesConfig, placeOf: (path: Path) => string): Promise<readonly Problem[]> {
  const problem = async (key: string, file: string | null, problemOf: (content: Buffer) => string | null): Promise<readonly Problem[]> => {
    if (file === null) return []
    const path = ['pages', key]
    const message = problemOf(await readFile(file))
    return message === null ? [] : [{ path: pathText(path), where: placeOf(path), message, hint: 'docs/pages.md says what it may hold' }]
  }
  return [...await problem('logoFile', logoFile, logoProblem), ...await problem('templateFile', templateFile, templateProblem)]
}

function logoProblem (content: Buffer): string | null {
  if (content.length > logoLimitBytes) return 'names a picture of more than 64 KiB: every page would carry it'
  return logoType(content) === null ? 'names a file that is no SVG, PNG, JPEG or WebP' : null
}

/** The media type of a picture, by what it holds; null for anything else. */
export function logoType (content: Buffer): string | null {
  const head = content.toString('latin1', 0, 1_024)
  if (head.startsWith('\x89PNG\r\n')) return 'image/png'
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'image/webp'
  return /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*|<!--[^]*?-->\s*|<!doctype[^>]*>\s*)*<svg[\s>]/i.test(head) ? 'image/svg+xml' : null
}

/** A template runs nothing: the policy would forbid it anyway, and a page that half works is worse than one refused. */
function templateProblem (content: Buffer): string | null {
  const text = content.toString()
  if (content.length > templateLimitBytes) return 'names a template of more than 256 KiB'
  const named = Array.from(text.matchAll(placeholder), ([, name = '']) => name)
  const unknown = named.find((name) => !fields.includes(name))
  if (unknown !== undefined) return `names a template with {{${unknown}}}; known are ${fields.map((field) => `{{${field}}}`).join(' ')}`
  if (named.filter((name) => name === 'content').length !== 1) return 'names a template that does not hold {{content}} exactly once'
  if (/<script|\son[a-z]+\s*=|javascript:|<base\b|http-equiv/i.test(text)) return 'names a template with a script, a base or a policy of its own: our pages run nothing'
  return null
}
