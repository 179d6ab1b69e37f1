import type { z } from 'zod'
import { variablesOf } from './environment.ts'
import { nearest } from './nearest.ts'
import { keys, nodeAt, properties, type Path } from './outline.ts'
import { pathText, type Problem } from './problems.ts'

/** What validation refused, as problems with their places. */
export function refusals (issues: readonly z.core.$ZodIssue[], placeOf: (path: Path) => string): readonly Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...issue.path, key], placeOf))
    return [{ path: pathText(issue.path), where: placeOf(issue.path), message: issue.message, hint: hintFor(issue) }]
  })
}

function unknownKey (path: Path, placeOf: (path: Path) => string): Problem {
  const parent = nodeAt(path.slice(0, -1))
  const known = parent === null ? [] : Object.keys(properties(parent))
  const name = String(path.at(-1))
  const near = nearest(name, known)
  const hint = near === null ? elsewhere(path, name) ?? `Known here: ${known.join(', ')}` : `Did you mean ${near}?`
  return { path: pathText(path), where: placeOf(path), message: 'is not a known key', hint }
}

/** A key of a route, written at the top because there is only one app: said with the place where it belongs. */
function elsewhere (path: Path, name: string): string | null {
  const ofRoute = nodeAt(['routes', 0])
  if (path.length > 1 || ofRoute === null || !Object.hasOwn(properties(ofRoute), name)) return null
  return `It belongs to a route: write it below routes, as in routes: [{ upstream: http://127.0.0.1:3000${name === 'upstream' ? '' : `, ${name}: …`} }]`
}

/** A missing key can be set in two ways; the second is easily overlooked. */
function hintFor ({ path, message }: z.core.$ZodIssue): string | null {
  const key = keys.find((key) => pathText(key.path) === pathText(path))
  return message === 'is missing' && key !== undefined ? `Set it in the file, or as ${variablesOf(key).join(' or ')}` : null
}
