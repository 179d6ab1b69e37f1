import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { nodeAt, properties } from '../../src/config/outline.ts'
import { chart, helm } from '../helm/helm.ts'
import { invalid, unknownFields } from '../helm/kubernetes-types.ts'
import { createAuthority } from '../rig/certificates.ts'
import { blocksOfDocs, type Block } from './blocks.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const blocks = await blocksOfDocs()
const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const sessionKey = Buffer.alloc(32, 7).toString('base64')
const authority = createAuthority()
const pair = authority.issue('DNS:app.example.com')
const sections = Object.keys(properties(nodeAt([]) ?? {}))

function place ({ page, line }: Block): string {
  return `${page}:${line}`
}

function inLanguage (...languages: readonly string[]): readonly Block[] {
  return blocks.filter(({ language }) => languages.includes(language))
}

t.test('every block says what language it is in, and each language is checked below', async (t) => {
  for (const block of blocks) t.ok(['yaml', 'sh', 'json', 'js', 'ts', 'html', 'text', 'nginx', 'caddyfile', 'haproxy', 'ini', 'http', 'promql'].includes(block.language), `${place(block)} ${block.language}`)
})

t.test('every YAML block is a configuration the gateway starts with, values the chart takes, or what Kubernetes takes', async (t) => {
  for (const block of inLanguage('yaml')) {
    for (const document of parseAllDocuments(block.text)) {
      const content: Record<string, unknown> = document.toJS()
      if ('apiVersion' in content) await t.resolves(kubernetesTakes(content), place(block))
      else if ('config' in content || 'secrets' in content) await t.resolves(chartTakes(t, block.text), place(block))
      else if (Object.keys(content).every((key) => sections.includes(key))) await t.resolves(gatewayTakes(t, content), place(block))
      else if ('services' in content) t.fail(`${place(block)}: include config/compose/compose.yaml instead`)
      else t.fail(`${place(block)}: nobody knows what to do with ${Object.keys(content)}`)
    }
  }
})

t.test('every command of the docs exists, with every option it is given', async (t) => {
  for (const block of inLanguage('sh')) {
    for (const command of commandsOf(block.text)) await t.resolves(commandExists(command), `${place(block)} ${command}`)
  }
})

t.test('every JSON block is JSON, and every script is JavaScript', async (t) => {
  for (const block of inLanguage('json')) t.doesNotThrow(() => JSON.parse(block.text), place(block))
  for (const block of inLanguage('js', 'ts')) {
    const file = join(t.testdir({}), `block.${block.language === 'ts' ? 'mts' : 'mjs'}`)
    await writeFile(file, block.text)
    await t.resolves(run(process.execPath, ['--check', file]), place(block))
  }
})

t.test('every snippet for another proxy is part of a file that a test runs', async (t) => {
  const shipped = await readdir(join(root, 'config/forward-auth')).catch(() => [])
  const texts = await Promise.all(shipped.map(async (name) => plain(await readFile(join(root, 'config/forward-auth', name), 'utf8'))))
  for (const block of inLanguage('nginx', 'caddyfile', 'haproxy')) t.ok(texts.some((text) => text.includes(plain(block.text))), place(block))
})

t.test('the checks see a wrong key, a wrong option and a command that does not exist', async (t) => {
  await t.rejects(gatewayTakes(t, { server: { publicURL: 'https://a.example' } }))
  await t.rejects(commandExists('aihubmix-gateway serve --confg FILE'))
  await t.rejects(commandExists('aihubmix-gateway dance'))
  await t.rejects(commandExists('npm run dance'))
  await t.rejects(commandExists('dance'))
})

/** A block shows what it is about; the rest is filled in with what everybody has. */
async function gatewayTakes (t: Test, content: Readonly<Record<string, unknown>>): Promise<void> {
  const folder = t.testdir({ keysFile: sessionKey, urlFile: 'redis://127.0.0.1:6379/0', logoFile: '<svg xmlns="http://www.w3.org/2000/svg"/>', templateFile: '{{title}}{{content}}{{style}}{{languages}}', ca: await readFile(authority.caFile, 'utf8'), certFile: await readFile(pair.certFile, 'utf8'), keyFile: await readFile(pair.keyFile, 'utf8'), other: 'a-secret' })
  const { server, aihubmix, session, routes, ...rest } = JSON.parse(JSON.stringify(content), (key, value) => {
    if (key === 'keys' && Array.isArray(value)) return value.map(() => sessionKey)
    const isFile = typeof value === 'string' && (key === 'ca' || key.endsWith('File'))
    return isFile ? join(folder, ['keysFile', 'urlFile', 'logoFile', 'templateFile', 'ca', 'certFile', 'keyFile'].includes(key) ? key : 'other') : value
  })
  const file = join(folder, 'gateway.yaml')
  await writeFile(file, JSON.stringify({
    ...rest,
    server: { publicUrl: 'https://app.example.com', ...server },
    aihubmix: { clientId: 'client_123', ...aihubmix?.clientSecretFile === undefined ? { clientSecret: 'a-secret' } : {}, ...aihubmix },
    session: { ...session?.keysFile === undefined ? { keys: [sessionKey] } : {}, ...session },
    routes: routes ?? [{ upstream: 'http://127.0.0.1:3000' }]
  }))
  await loadConfig({ file, env: {} })
}

async function chartTakes (t: Test, text: string): Promise<void> {
  const file = join(t.testdir({ 'values.yaml': text }), 'values.yaml')
  await helm('template', 'my', chart, '--values', file)
}

async function kubernetesTakes (content: Record<string, unknown>): Promise<void> {
  const manifest = { apiVersion: String(content['apiVersion']), kind: String(content['kind']), metadata: { name: 'x' }, ...content }
  if (manifest.apiVersion.startsWith('traefik.io/')) return // no types of it are published in npm
  const complaints = [...await invalid([manifest]), await unknownFields([manifest])].filter(Boolean)
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
}

/** The commands of a block, each on one line, without comments and what stands before them. */
function commandsOf (text: string): readonly string[] {
  return text.replaceAll(/\\\n\s*/g, ' ').split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim().replace(/^([A-Z_]+=\S+ )+/, ''))
    .filter((line) => line !== '')
}

/** Programs that are not ours: what the reader has anyway. */
const programs = ['docker', 'kubectl', 'helm', 'curl', 'export', 'printf', 'openssl', 'kill', 'systemctl', 'redis-cli', 'git', 'cat', 'bash', 'cd', 'node', 'wget', 'jq']

async function commandExists (command: string): Promise<void> {
  const ours = /^(?:npx )?aihubmix-gateway(?: (?<rest>.*))?$/.exec(command) ?? /^npm start(?: --silent)?(?: -- (?<rest>.*))?$/.exec(command)
  if (ours !== null) return await optionsExist(ours.groups?.['rest'] ?? 'serve')
  const script = /^npm (?:run )?(?<name>[\w:-]+)/.exec(command)?.groups?.['name']
  if (script !== undefined) {
    if (!['install', 'ci', 'pack'].includes(script) && scripts[script] === undefined) throw new Error(`there is no script ${script}`)
    return
  }
  if (!programs.includes(command.split(' ')[0] ?? '')) throw new Error(`nobody knows the command ${command}`)
}

const helpTexts = new Map<string, Promise<{ readonly stdout: string }>>()

async function optionsExist (rest: string): Promise<void> {
  const words = rest.split(/\s+/)
  const name = words[0]?.startsWith('-') === true ? 'serve' : words[0] ?? 'serve'
  const help = helpTexts.get(name) ?? run(process.execPath, [join(root, 'src/main.ts'), name, '--help'])
  helpTexts.set(name, help)
  const { stdout } = await help
  const unknown = words.filter((word) => word.startsWith('--') && !['--help', '--version'].includes(word) && !stdout.includes(word.replace(/=.*/, '')))
  if (unknown.length > 0) throw new Error(`${name} has no option ${unknown}`)
}

function plain (text: string): string {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#')).join('\n')
}
