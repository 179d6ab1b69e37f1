import { readFile } from 'node:fs/promises'
import { isMap, isPair, isScalar, LineCounter, parseDocument, type Document, type Node, type YAMLError } from 'yaml'
import type { Path } from './outline.ts'
import type { Problem } from './problems.ts'
import { isTree } from './tree.ts'

/** What a configuration file holds, before validation. */
export interface ConfigFile {
  readonly tree: unknown
  /** False where the file could not be read to its end, so that nothing can be said about keys it might hold. */
  readonly isWhole: boolean
  readonly problems: readonly Problem[]
  /** Where a key stands (or its nearest parent that does), as `file:line:column`; null where nothing of it is in the file. */
  readonly placeOf: (path: Path) => string | null
}

/** No file: everything comes from the environment. */
export const noFile: ConfigFile = { tree: {}, isWhole: true, problems: [], placeOf: () => null }

/** Reads a YAML (or JSON) file. What is wrong with it is in `problems`; nothing is thrown. */
export async function readConfigFile (file: string): Promise<ConfigFile> {
  try {
    return parseConfig(await readFile(file, 'utf8'), file)
  } catch (error) {
    return broken(file, `cannot be read (${errorCode(error)})`, 'Check the path and the permissions')
  }
}

/** The code of a system error, such as ENOENT. */
export function errorCode (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}

function parseConfig (text: string, file: string): ConfigFile {
  const lines = new LineCounter()
  // A pretty error quotes the line it is about, which may hold a secret; 'silent' would hide a second document.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
  const placeAt = (offset: number): string => `${file}:${lines.linePos(offset).line}:${lines.linePos(offset).col}`
  const problems = [...document.errors, ...document.warnings].map((error) => ({ path: '', where: placeAt(error.pos[0]), message: wording(error), hint: null }))
  if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) return { ...noFile, isWhole: false, problems }
  const tree = toTree(document)
  if (tree === null) return broken(file, 'has an alias that cannot be unfolded', 'Write out what it stands for')
  if (!isTree(tree)) return broken(file, 'is not a map of keys', 'Begin it with a key such as "server:"')
  return { tree, isWhole: true, problems, placeOf: (path) => placeInDocument(document, path, placeAt) }
}

function broken (file: string, message: string, hint: string): ConfigFile {
  return { ...noFile, isWhole: false, problems: [{ path: '', where: file, message, hint }] }
}

/** Null for aliases that would unfold to more than fits into memory, which yaml refuses by throwing. */
function toTree (document: Document.Parsed): unknown {
  try {
    return document.toJS() ?? {}
  } catch {
    return null
  }
}

const wordings: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  DUPLICATE_KEY: 'this key is there twice',
  MULTIPLE_DOCS: 'a second document begins here; one file holds one',
  TAG_RESOLVE_FAILED: 'this tag is not known; put a value that begins with ! in quotes',
  BAD_ALIAS: 'this alias cannot be used; put a value that begins with * or & in quotes',
  TAB_AS_INDENT: 'a tab is used to indent; use spaces',
  BAD_INDENT: 'the indentation does not fit the lines above',
  BAD_SCALAR_START: 'a value cannot begin with this character; put it in quotes',
  MISSING_CHAR: 'a character is missing here, such as a closing quote, a bracket or a colon'
}

/** yaml's own messages quote what they found, which may be a secret. */
function wording ({ code }: YAMLError): string {
  return wordings[code] ?? `this is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`
}

function placeInDocument (document: Document.Parsed, path: Path, placeAt: (offset: number) => string): string | null {
  for (let length = path.length; length > 0; length--) {
    const offset = offsetOf(document, path.slice(0, length))
    if (offset !== null) return placeAt(offset)
  }
  return null
}

/** Where the key of a map, or the item of a list, begins. */
function offsetOf (document: Document.Parsed, path: Path): number | null {
  const name = path.at(-1)
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap<Node>(parent)) return startOf(document.getIn(path, true))
  const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(name))
  return startOf(pair?.key)
}

function startOf (node: unknown): number | null {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range) ? Number(node.range[0]) : null
}
