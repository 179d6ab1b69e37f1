import type { z } from 'zod'

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'a map of keys', record: 'a map of keys'
}

/** What is said where the schema says nothing of its own. Never a value: it may be a secret. */
export function wording (issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type': return issue.input === undefined ? 'is missing' : `must be ${typeNames[issue.expected] ?? issue.expected}`
    case 'invalid_value': return `must be one of ${issue.values.map(String).join(', ')}`
    case 'too_small': return issue.origin === 'string' || issue.origin === 'array' ? 'is empty' : `must be at least ${issue.minimum}`
    case 'too_big': return `must be at most ${issue.maximum}`
    case 'invalid_key': return issue.issues[0]?.message ?? 'is not a valid name'
    default: return 'is not valid'
  }
}
