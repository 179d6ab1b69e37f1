import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { buildScript } from '../../src/sdk/script.ts'
import { startRig } from '../rig/rig.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const rig = await startRig(t)
const browser = rig.newBrowser()

for (const path of ['/oauth2/sdk.js', '/oauth2/elements.js']) {
  t.test(`${path} is a script with an ETag, the same for everybody, and under 4 kB on the wire`, async (t) => {
    const { status, headers, text } = await browser.fetch(path, { headers: { 'accept-encoding': 'br' } })
    t.equal(status, 200)
    t.match(headers, { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=300', 'x-content-type-options': 'nosniff', vary: 'accept-encoding', etag: /^"[\w-]{22}"$/ })
    t.notOk(headers['set-cookie'])
    t.notOk(headers['content-encoding'])
    const answer = await fetch(new URL(path, rig.url), { headers: { 'accept-encoding': 'gzip' } })
    t.equal(answer.headers.get('content-encoding'), 'gzip')
    t.equal(await answer.text(), text, 'gzip or not, it is the same text')
    const sent = Number(answer.headers.get('content-length'))
    t.comment(`${path}: ${text.length} bytes, ${sent} with gzip`)
    t.ok(sent > 500 && sent < 4_000, `${sent} bytes`)
  })

  t.test(`${path} is not sent again to a browser that has it`, async (t) => {
    const { headers: { etag } } = await browser.fetch(path)
    for (const known of [String(etag), `W/${etag}`, `"x", ${etag}`, '*']) {
      const { status, text } = await browser.fetch(path, { headers: { 'if-none-match': known } })
      t.equal(status, 304, known)
      t.equal(text, '')
    }
    for (const other of ['"x"', 'W/"x"', '', String(etag).slice(0, -2)]) t.equal((await browser.fetch(path, { headers: { 'if-none-match': other } })).status, 200, other)
  })
}

t.test('gzip is not sent to who refuses it', async (t) => {
  for (const accepted of ['gzip;q=0', 'gzip;q=0.0, br', 'identity', 'notgzip-at-all']) {
    const { headers } = await browser.fetch('/oauth2/sdk.js', { headers: { 'accept-encoding': accepted } })
    t.notOk(headers['content-encoding'], accepted)
  }
  t.equal((await browser.fetch('/oauth2/sdk.js', { headers: { 'accept-encoding': 'br, gzip;q=0.5' } })).headers['content-encoding'], 'gzip')
})

t.test('what is left of the source is code: no comment, no type, no token, no secret', async (t) => {
  for (const name of ['sdk', 'elements'] as const) {
    const { text, gzipped } = await buildScript(name)
    t.equal(gunzipSync(gzipped).toString(), text)
    t.notMatch(text, /^\s*(\/\/|\/?\*)/m)
    t.notMatch(text, /\binterface\b|readonly|@internal|localStorage|sessionStorage|document\.cookie|access_token|client_secret|innerHTML|eval\(/)
    t.same([...text.matchAll(/^import.*$/gm)].map(([line]) => line), name === 'sdk' ? [] : ["import{createGateway}from './sdk.js'"])
  }
})

t.test('Node does not warn that types are stripped; what else it warns of is passed on', async (t) => {
  const { stderr } = await run(process.execPath, ['--input-type=module', '--eval', `
    const { buildScript } = await import(${JSON.stringify(new URL('../../src/sdk/script.ts', import.meta.url).href)})
    await buildScript('sdk')
    process.emitWarning('another one', 'ExperimentalWarning')
  `])
  t.notMatch(stderr, 'stripTypeScriptTypes')
  t.match(stderr, 'ExperimentalWarning: another one')
})

t.test('the module can be read where there is no browser, and names two exports', async (t) => {
  const { text } = await buildScript('sdk')
  const module: unknown = await import(`data:text/javascript,${encodeURIComponent(text)}`)
  t.same(Object.keys(module as object).sort(), ['GatewayError', 'createGateway'])
})

t.test('what tsc makes of it for the package gives a script with the same exports', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-package-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await run(process.execPath, [tsc, '-p', join(root, 'src/sdk/browser'), '--outDir', join(folder, 'browser')])
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  const source = await readFile(join(root, 'src/sdk/script.ts'), 'utf8')
  await writeFile(join(folder, 'script.js'), stripTypeScriptTypes(source))
  const { buildScript: build } = await import(join(folder, 'script.js')) as { buildScript: typeof buildScript }
  const { text } = await build('sdk')
  t.same(Object.keys(await import(`data:text/javascript,${encodeURIComponent(text)}`)).sort(), ['GatewayError', 'createGateway'])
  t.match((await build('elements')).text, /^import\{createGateway\}from ["']\.\/sdk\.js["'];$/m)
})

t.test('the package has types that an app can check against', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-package-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await run(process.execPath, [tsc, '-p', join(root, 'src/sdk/browser'), '--outDir', join(folder, 'node_modules/aihubmix-gateway/dist/sdk/browser')])
  await symlink(join(root, 'package.json'), join(folder, 'node_modules/aihubmix-gateway/package.json'))
  await writeFile(join(folder, 'app.ts'), `
    import { createGateway, GatewayError, type User, type FailureKind } from 'aihubmix-gateway/sdk'
    import 'aihubmix-gateway/elements'
    const gateway = createGateway({ ask: async ({ request, isUnsafe }) => isUnsafe && request.method === 'POST' })
    export const user: User | null = await gateway.user()
    const kind: FailureKind = new GatewayError('offline').kind
    gateway.on('change', (changed) => { console.log(changed?.balance, kind) })
    // @ts-expect-error there is no token to be had
    gateway.token
  `)
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { strict: true, noEmit: true, module: 'esnext', moduleResolution: 'bundler', target: 'es2024', lib: ['es2024', 'dom'], types: [], preserveSymlinks: true }, files: ['app.ts'] }))
  const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch((error: { stdout: string }) => error)
  t.equal(stdout, '')
})

t.end()
