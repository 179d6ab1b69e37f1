/** One thing that is wrong with a configuration. No value is ever part of it: a value may be a secret. */
export interface Problem {
  /** The key, such as `routes[0].path`; the name of the variable for one that is not known; empty for the whole file. */
  readonly path: string
  /** `file:line:column`, or the name of an environment variable. */
  readonly where: string
  readonly message: string
  /** What to do about it, where more can be said than the message says. */
  readonly hint: string | null
}

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigProblems extends Error {
  readonly problems: readonly Problem[]

  constructor (problems: readonly Problem[]) {
    super(problems.map(problemLine).join('\n'))
    this.name = 'ConfigProblems'
    this.problems = problems
  }
}

/** A problem as one line for a person. */
export function problemLine ({ path, where, message, hint }: Problem): string {
  const place = [where, path].filter((part, index, all) => part !== '' && all.indexOf(part) === index).join(' ')
  return `${place}: ${message}${hint === null ? '' : `. ${hint}`}`
}

/** A path as a person writes it: `routes[0].tls.ca`. */
export function pathText (path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}
