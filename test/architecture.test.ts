import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const src = fileURLToPath(new URL('../src/', import.meta.url))
const files = globSync('**/*.ts', { cwd: src })
const textOf = (file: string): string => readFileSync(join(src, file), 'utf8')

interface Import { readonly from: string, readonly to: string, readonly isType: boolean }

/** Every static and dynamic import; ours as paths below src, others as package names. */
const imports: readonly Import[] = files.flatMap((from) =>
  Array.from(textOf(from).matchAll(/^(import|export) (type )?[^'"]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm), (match) => {
    const name = match[3] ?? match[4] ?? match[5] ?? ''
    return { from, to: name.startsWith('.') ? normalize(join(dirname(from), name)) : name, isType: match[2] !== undefined }
  }))

const folderOf = (file: string): string => file.includes('/') ? file.slice(0, file.indexOf('/')) : file

/** What each folder may use of ours, values and types alike. `pages/plugin.ts` is HTTP, the rest of pages is text. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  config: [],
  session: ['errors.ts', 'config'],
  telemetry: ['errors.ts', 'config', 'session'],
  aihubmix: ['errors.ts', 'config', 'session', 'telemetry'],
  access: ['errors.ts', 'config', 'session', 'aihubmix'],
  bearer: ['errors.ts', 'config', 'session', 'aihubmix', 'access'],
  door: ['access', 'telemetry'],
  pages: ['errors.ts', 'access'],
  login: ['errors.ts', 'config', 'session', 'aihubmix', 'access', 'pages', 'telemetry'],
  account: ['errors.ts', 'config', 'session', 'aihubmix', 'access', 'login', 'pages'],
  proxy: ['errors.ts', 'config', 'session', 'access', 'bearer', 'door', 'login', 'telemetry'],
  'forward-auth': ['errors.ts', 'config', 'session', 'access', 'login'],
  admin: ['errors.ts', 'session', 'telemetry'],
  emulator: [],
  'import-oauth2-proxy': [],
  demo: ['pages'],
  sdk: [],
  server: ['config', 'errors.ts'],
  'gateway.ts': ['errors.ts', 'config', 'session', 'aihubmix', 'access', 'bearer', 'door', 'login', 'account', 'proxy', 'forward-auth', 'admin', 'pages', 'sdk', 'telemetry', 'server'],
  'reloadable-gateway.ts': ['config', 'session', 'bearer', 'proxy', 'server', 'gateway.ts'],
  cli: ['errors.ts', 'config', 'admin', 'session', 'aihubmix', 'access', 'gateway.ts', 'reloadable-gateway.ts', 'server', 'telemetry', 'emulator', 'demo', 'import-oauth2-proxy', 'proxy'],
  'main.ts': ['cli', 'config']
}

t.ok(imports.length > 200, 'the imports are found')

t.test('every folder uses only what stands before it in the house', async (t) => {
  const ours = imports.filter(({ to }) => to.endsWith('.ts'))
  const forbidden = ours.filter(({ from, to }) => folderOf(from) !== folderOf(to) && !mayUse[folderOf(from)]?.includes(folderOf(to)))
  t.strictSame(forbidden, [])
})

t.test('only plugins, the gateway and the emulator know Fastify at run time', async (t) => {
  const users = imports.filter(({ to, isType }) => to === 'fastify' && !isType).map(({ from }) => from)
  t.strictSame(users.filter((file) => !/(^|\/)plugin\.ts$|^(reloadable-)?gateway\.ts$|^emulator\//.test(file)), [])
})

t.test('each outside door has one room', async (t) => {
  const usersOf = (name: RegExp): readonly string[] => [...new Set(imports.filter(({ to }) => name.test(to)).map(({ from }) => folderOf(from)))]
  t.strictSame(usersOf(/^ioredis$/), ['session'])
  t.strictSame(usersOf(/^rate-limiter-flexible$/).toSorted(), ['login', 'session'])
  t.strictSame(usersOf(/^undici$/).toSorted(), ['aihubmix', 'proxy'])
  t.strictSame(usersOf(/^jose$/), ['access'])
  t.strictSame(usersOf(/^oauth4webapi$/), ['aihubmix'])
  t.strictSame(usersOf(/^@prometheus-io\//), ['telemetry'])
  // Thirty packages that only who asks for traces should pay for: one file, and that one is loaded on demand.
  t.strictSame([...new Set(imports.filter(({ to }) => to.startsWith('@opentelemetry/')).map(({ from }) => from))], ['telemetry/opentelemetry.ts'])
  t.strictSame(imports.filter(({ to, isType }) => to === 'telemetry/opentelemetry.ts' && !isType).map(({ from }) => from), ['cli/open-tracing.ts'])
  t.match(textOf('cli/open-tracing.ts'), "await import('../telemetry/opentelemetry.ts')")
  t.strictSame(usersOf(/^zod$/).toSorted(), ['aihubmix', 'config'])
  const mentions = (pattern: RegExp): readonly string[] => files.filter((file) => !/^(emulator|demo|sdk\/browser)\//.test(file) && pattern.test(textOf(file)))
  t.strictSame(mentions(/\bprocess\.env\b/).filter((file) => !file.startsWith('config/')), [])
  t.strictSame(mentions(/[^.\w]fetch\(/), ['aihubmix/exchange.ts'])
})

t.test('no file imports itself through others', async (t) => {
  const next = (file: string): readonly string[] => imports.filter(({ from, to, isType }) => from === file && to.endsWith('.ts') && !isType).map(({ to }) => to)
  const cycleFrom = (file: string, path: readonly string[]): readonly string[] | null => {
    if (path.includes(file)) return [...path, file]
    for (const to of next(file)) {
      const cycle = done.has(to) ? null : cycleFrom(to, [...path, file])
      if (cycle !== null) return cycle
    }
    done.add(file)
    return null
  }
  const done = new Set<string>()
  t.strictSame(files.map((file) => cycleFrom(file, [])).filter((cycle) => cycle !== null), [])
})
