import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as nodeModule from 'node:module'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** What one of our addresses for scripts answers with. */
export interface Script {
  readonly text: string
  readonly gzipped: Buffer
  /** Strong (RFC 9110 §8.8.1): the text decides it, so every replica and every restart gives the same. */
  readonly etag: string
}

/** The modules of each script, in the order they need each other; the last says what is exported. */
const modulesOf = {
  sdk: ['gateway-error', 'user', 'state', 'windows', 'question', 'gateway', 'drop-in', 'sdk'],
  elements: ['texts', 'elements']
} as const

export type ScriptName = keyof typeof modulesOf

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

/** One module for the browser, from those in `browser/`: TypeScript in development, what tsc made of it in the package (docs/decisions/0040). */
export async function buildScript (name: ScriptName): Promise<Script> {
  const sources = await Promise.all(modulesOf[name].map((module) => readFile(new URL(`browser/${module}${extension}`, import.meta.url), 'utf8')))
  const text = sources.map(withoutTypes).map(inOneScope).map(compact).join('')
  return {
    text,
    gzipped: await promisify(gzip)(text, { level: 9 }),
    etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
  }
}

function withoutTypes (source: string): string {
  return extension === '.js' ? source : unwarned(() => nodeModule.stripTypeScriptTypes(source))
}

/** Node says once that stripping types is experimental; that is for us to know, not for the operator. Every other warning is passed on. */
function unwarned (strip: () => string): string {
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (!String(warning).startsWith('stripTypeScriptTypes ')) Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  try {
    return strip()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** The modules become one: what they import from each other is there already. Only the SDK is imported, by the other script. */
function inOneScope (module: string): string {
  return module.replace(/^import (?!.*['"]\.\/sdk\.[jt]s['"]).*$/gm, '').replace(/'\.\/sdk\.ts'/, "'./sdk.js'").replace(/^export (?!\{ createGateway)/gm, '')
}

/**
 * Comments stand on lines of their own, and no text of ours has a space beside a sign or spans lines, but for one stylesheet: so
 * nothing has to be parsed to leave out what a browser does not need.
 */
function compact (module: string): string {
  return module.replace(/^\s*\/\*\*[^]*?\*\/\s*$/gm, '').replace(/^\s*\/\/.*$/gm, '')
    .replace(/ *\n\s*/g, '\n').replace(/ *([{}()=?:,&|<>+]) */g, '$1').replace(/([{,(])\n/g, '$1').replace(/\n([})])/g, '$1').trim() + '\n'
}
