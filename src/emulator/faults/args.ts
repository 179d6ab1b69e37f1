import type { JsonValue, Members } from '../json.ts'
import { isMembers } from '../json.ts'
import { type FaultArgs, FaultRefused } from './stages.ts'

export function createArgs (given: Readonly<Record<string, unknown>>): FaultArgs {
  const known = new Set<string>()
  return {
    known: () => [...known],
    read (name) {
      known.add(name)
      return given[name]
    }
  }
}

/** One of a few words; the first is the default. */
export function oneOf<Word extends string> (args: FaultArgs, name: string, words: readonly [Word, ...Word[]]): Word {
  const given = args.read(name) ?? words[0]
  const word = words.find((candidate) => candidate === given)
  if (word === undefined) throw new FaultRefused(`"${name}" must be one of: ${words.join(', ')}.`)
  return word
}

export function wholeNumber (args: FaultArgs, name: string, fallback: number): number {
  const given = args.read(name) ?? fallback
  if (typeof given !== 'number' || !Number.isSafeInteger(given)) throw new FaultRefused(`"${name}" must be a whole number.`)
  return given
}

export function text (args: FaultArgs, name: string, fallback: string): string {
  const given = args.read(name) ?? fallback
  if (typeof given !== 'string') throw new FaultRefused(`"${name}" must be a text.`)
  return given
}

export function texts (args: FaultArgs, name: string): readonly string[] {
  const given: unknown = args.read(name)
  if (!Array.isArray(given) || !given.every((item) => typeof item === 'string')) throw new FaultRefused(`"${name}" must be a list of texts.`)
  return given
}

export function members (args: FaultArgs, name: string): Members {
  const given = args.read(name)
  if (!isMembers(given)) throw new FaultRefused(`"${name}" must be an object.`)
  return given
}

/** Any JSON value, which must be given. */
export function anyJson (args: FaultArgs, name: string): JsonValue {
  const given = args.read(name)
  if (given === undefined) throw new FaultRefused(`"${name}" is missing: any JSON value.`)
  return isJson(given) ? given : String(given)
}

function isJson (value: unknown): value is JsonValue {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) || value === null || Array.isArray(value) || isMembers(value)
}
