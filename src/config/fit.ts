import type { z } from 'zod'
import { otherRules } from './other-rules.ts'
import { reachRules } from './reach-rules.ts'
import { findInRoute } from './route-rules.ts'
import type { Finding } from './rules.ts'
import { sessionRules } from './session-rules.ts'
import type { Written } from './written.ts'

const rules = [...sessionRules, ...otherRules, ...reachRules]

/**
 * Reports where keys contradict each other. It runs beside keys that are wrong by themselves, so that a person sees all
 * problems at once; a rule whose own keys are among the wrong ones is left out.
 */
export function findContradictions (config: Written, ctx: z.RefinementCtx<Written>): void {
  const wrong = ctx.issues.flatMap(placesOf)
  const isSound: IsSound = (...place) => !wrong.some((path) => overlaps(path, place))
  const found = rules.filter(({ needs }) => needs.every((key) => isSound(...key.split('.')))).flatMap(({ find }) => find(config))
  for (const finding of [...found, ...findInRoutes(config, isSound)]) ctx.addIssue({ code: 'custom', path: [...finding.path], message: finding.message })
}

type IsSound = (...place: readonly PropertyKey[]) => boolean

function findInRoutes (config: Written, isSound: IsSound): readonly Finding[] {
  if (!Array.isArray(config.routes)) return [] // reported already
  const sound = config.routes.map((route, index) => ({ route, index })).filter(({ index }) => isSound('routes', index))
  const trustEmails = !isSound('identity', 'trustEmails') || config.identity.trustEmails
  return sound.flatMap((numbered, position) => findInRoute(numbered, sound.slice(0, position), trustEmails))
}

/** An unknown key is reported at its parent, but says nothing about the keys beside it. */
function placesOf (issue: z.core.$ZodRawIssue): readonly (readonly PropertyKey[])[] {
  const path = issue.path ?? []
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key: string) => [...path, key]) : [path]
}

/** True when one place lies in the other, or both are the same. */
function overlaps (a: readonly PropertyKey[], b: readonly PropertyKey[]): boolean {
  return a.slice(0, b.length).every((segment, index) => segment === b[index])
}
