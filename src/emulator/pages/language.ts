import type { FastifyRequest } from 'fastify'
import { queryOf } from '../body.ts'

export const languages = ['zh-Hant', 'zh-Hans', 'en'] as const
export type Language = typeof languages[number]

/** The language of a page: `lang` in the query, then `Accept-Language`, then English. */
export function languageOf (request: FastifyRequest): Language {
  const asked = queryOf(request).get('lang') ?? ''
  const accepted = (request.headers['accept-language'] ?? '').split(',').map((part) => part.replace(/;.*/, '').trim())
  for (const tag of [asked, ...accepted]) {
    const language = languageOfTag(tag.toLowerCase())
    if (language !== null) return language
  }
  return 'en'
}

function languageOfTag (tag: string): Language | null {
  if (/^en\b/.test(tag)) return 'en'
  if (/^zh-(hant|tw|hk|mo)\b/.test(tag)) return 'zh-Hant'
  return /^zh\b/.test(tag) ? 'zh-Hans' : null
}
