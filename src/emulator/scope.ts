export type Scope = 'profile' | 'balance'

const known: readonly Scope[] = ['profile', 'balance']

function isScope (name: string): name is Scope {
  return known.some((scope) => scope === name)
}

/** The scopes of a space-separated list, or null when one is unknown. An empty or missing list means `profile`. */
export function readScope (text: string | null): readonly Scope[] | null {
  const names = (text ?? '').split(' ').filter((name) => name !== '')
  if (names.length === 0) return ['profile']
  return names.every(isScope) ? [...new Set(names)] : null
}

export function writeScope (scope: readonly Scope[]): string {
  return scope.join(' ')
}

/** Those of `wanted` that `allowed` holds as well. */
export function narrowed (wanted: readonly Scope[], allowed: readonly Scope[]): readonly Scope[] {
  return wanted.filter((scope) => allowed.includes(scope))
}
