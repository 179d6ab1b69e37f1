import { readFile } from 'node:fs/promises'
import { errorCode } from './file.ts'
import { keys, type Key, type Path } from './outline.ts'
import { pathText, type Problem } from './problems.ts'
import { valueAt, withValueAt, without } from './tree.ts'

/** A tree with the content of its secret files in the place of their names. */
export interface Revealed {
  readonly tree: unknown
  readonly problems: readonly Problem[]
  /** The secrets that came out of files. */
  readonly fromFiles: readonly Key[]
  /** Every file that was named for a secret, readable or not. */
  readonly files: readonly string[]
}

type PlaceOf = (path: Path) => string

const secrets: readonly Key[] = keys.filter(({ secret }) => secret)

/** Reads the file of every `…File` key that belongs to a secret and puts the secret itself in its place. */
export async function revealSecrets (tree: unknown, placeOf: PlaceOf): Promise<Revealed> {
  let revealed: Revealed = { tree, problems: [], fromFiles: [], files: [] }
  for (const key of secrets) {
    const next = await reveal(revealed.tree, key, placeOf)
    revealed = {
      tree: next.tree,
      problems: [...revealed.problems, ...next.problems],
      fromFiles: [...revealed.fromFiles, ...next.fromFiles],
      files: [...revealed.files, ...next.files]
    }
  }
  return revealed
}

async function reveal (tree: unknown, key: Key, placeOf: PlaceOf): Promise<Revealed> {
  const path = fileKeyOf(key)
  const file = valueAt(tree, path)
  if (typeof file !== 'string' || file === '') return { tree, problems: [], fromFiles: [], files: [] } // not set, or refused for its type
  const refuse = (message: string, hint: string): Revealed => ({ tree, problems: [{ path: pathText(path), where: placeOf(path), message, hint }], fromFiles: [], files: [file] })
  if (valueAt(tree, key.path) !== undefined) return refuse(`is set, and so is ${pathText(key.path)} (${placeOf(key.path)})`, 'Remove one of them')
  try {
    const secret = secretIn(await readFile(file, 'utf8'), key)
    return { tree: withValueAt(without(tree, path), key.path, secret), problems: [], fromFiles: [key], files: [file] }
  } catch (error) {
    return refuse(`names a file that cannot be read (${errorCode(error)})`, 'Check the path and the permissions')
  }
}

/** Where a secret was set: for one out of a file, where that file is named. */
export function placeOfSecrets ({ fromFiles }: Revealed, placeOf: PlaceOf): PlaceOf {
  return (path) => {
    const key = fromFiles.find((key) => key.path.every((segment, index) => segment === path[index]))
    return placeOf(key === undefined ? path : fileKeyOf(key))
  }
}

/** The key that names the file of a secret. */
function fileKeyOf ({ path }: Pick<Key, 'path'>): readonly string[] {
  return path.with(-1, `${path.at(-1) ?? ''}File`)
}

/** Editors and `echo` end a file with a line break that is no part of the secret; only one is taken away. */
function secretIn (content: string, { reads }: Key): string | readonly string[] {
  const text = content.replace(/\r?\n$/, '')
  return reads === 'list' ? text.split('\n').map((line) => line.trim()).filter((line) => line !== '') : text
}
