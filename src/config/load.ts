import { unusableCertificates } from './certificates.ts'
import { fileVariable, readEnvironment, upstreamVariable, type Environment, type FromEnvironment } from './environment.ts'
import { noFile, readConfigFile, type ConfigFile } from './file.ts'
import { namedFiles, unreadableFiles } from './named-files.ts'
import type { Path } from './outline.ts'
import { badPageFiles } from './page-files.ts'
import { ConfigProblems, pathText, type Problem } from './problems.ts'
import { refusals } from './refusals.ts'
import { configSchema, type Config } from './schema.ts'
import { placeOfSecrets, revealSecrets, type Revealed } from './secret-files.ts'
import { valueAt, withValueAt } from './tree.ts'
import { warningsAbout } from './warnings.ts'
import { wording } from './wording.ts'

/** A configuration that can be used. */
export interface LoadedConfig {
  readonly config: Config
  /** Insecure choices, one line each, to be logged at start. */
  readonly warnings: readonly string[]
  /** The keys as they were written, file and environment together, secrets included: for `describe` only. */
  readonly source: unknown
  /** Where a key stands: `file:line:column`, or the variable that set it. */
  readonly placeOf: PlaceOf
  /** Every file it was read from, or names: what they hold can change. */
  readonly files: readonly string[]
}

type PlaceOf = (path: Path) => string

export interface ConfigInput {
  /** The configuration file; without it the one that GATEWAY_CONFIG names, else none. */
  readonly file?: string | undefined
  readonly env?: Environment
}

/**
 * Reads the configuration: file, environment (which wins) and secret files, validated as a whole.
 * Throws `ConfigProblems` with everything that is wrong, and nothing else.
 */
export async function loadConfig ({ file, env = process.env }: ConfigInput = {}): Promise<LoadedConfig> {
  const environment = readEnvironment(env)
  const fileName = file ?? env[fileVariable] ?? ''
  const configFile = fileName === '' ? noFile : await readConfigFile(fileName)
  const places = placesIn(environment, configFile, fileName)
  const revealed = await revealSecrets(merge(configFile, environment), places)
  const placeOf = placeOfSecrets(revealed, places)
  const before = [...configFile.problems, ...environment.problems, ...routesTwice(configFile, environment), ...revealed.problems]
  if (!configFile.isWhole) throw new ConfigProblems([...before, ...problemsOfVariables(revealed, environment, placeOf)])
  const loaded = await validate(revealed, before, placeOf)
  return { ...loaded, files: [...(fileName === '' ? [] : [fileName]), ...revealed.files, ...namedFiles(loaded.config).map(({ file }) => file)] }
}

async function validate ({ tree }: Revealed, before: readonly Problem[], placeOf: PlaceOf): Promise<Omit<LoadedConfig, 'files'>> {
  const result = configSchema.safeParse(tree, { error: wording })
  if (!result.success) throw new ConfigProblems(distinct([...before, ...refusals(result.error.issues, placeOf)]))
  const config: Config = deepFreeze(result.data)
  const unreadable = await unreadableFiles(config, placeOf)
  const problems = [...before, ...unreadable, ...(unreadable.length > 0 ? [] : [...await unusableCertificates(config, placeOf), ...await badPageFiles(config.pages, placeOf)])]
  if (problems.length > 0) throw new ConfigProblems(problems)
  return { config, warnings: warningsAbout(config), source: tree, placeOf }
}

/** What can be said while the file cannot be read: only the variables are there to be judged. */
function problemsOfVariables ({ tree }: Revealed, { settings }: FromEnvironment, placeOf: PlaceOf): readonly Problem[] {
  const { error } = configSchema.safeParse(tree, { error: wording })
  return refusals(error?.issues ?? [], placeOf).filter(({ where }) => settings.some(({ name }) => name === where))
}

function merge ({ tree }: ConfigFile, { settings, upstream }: FromEnvironment): unknown {
  const merged = settings.reduce<unknown>((tree, { key, value }) => withValueAt(tree, key.path, value), tree)
  return upstream === null ? merged : withValueAt(merged, ['routes'], [{ path: '/', upstream }])
}

/** The rules of the routes in the file must not vanish because a variable was set. */
function routesTwice ({ tree, placeOf }: ConfigFile, { upstream }: FromEnvironment): readonly Problem[] {
  const inFile = valueAt(tree, ['routes'])
  if (upstream === null || inFile === undefined || inFile === null) return []
  return [{ path: 'routes', where: upstreamVariable, message: `is set, and so are routes (${placeOf(['routes']) ?? 'in the file'})`, hint: 'Remove one of them' }]
}

/** Names the variable that set a key, else its place in the file, else the file as a whole. */
function placesIn ({ settings, upstream }: FromEnvironment, { placeOf }: ConfigFile, fileName: string): PlaceOf {
  const variables = new Map(settings.map(({ key, name }) => [pathText(key.path), name]))
  if (upstream !== null) variables.set('routes', upstreamVariable)
  return (path) => {
    const prefixes = path.map((_, index) => pathText(path.slice(0, index + 1)))
    const variable = prefixes.flatMap((prefix) => variables.get(prefix) ?? [])[0]
    return variable ?? placeOf(path) ?? (fileName === '' ? 'environment' : fileName)
  }
}

/** A secret whose file could not be read is not missing as well. */
function distinct (problems: readonly Problem[]): readonly Problem[] {
  const reported = new Set(problems.map(({ path }) => path))
  return problems.filter(({ path, message }) => message !== 'is missing' || !reported.has(`${path}File`))
}

/** Buffers stay as they are: their bytes cannot be frozen. */
function deepFreeze<T> (value: T): T {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
