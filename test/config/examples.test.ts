import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { keys, nodeAt, properties } from '../../src/config/outline.ts'

const folder = new URL('../../config/', import.meta.url)

/** What the examples leave to the environment. */
const env = { GATEWAY_AIHUBMIX_CLIENT_SECRET: 'a-secret', GATEWAY_SESSION_KEYS: Buffer.alloc(32, 7).toString('base64') }

t.test('every example is a configuration that can be used', async (t) => {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml'))
  t.ok(names.length >= 6)
  for (const name of names) await t.resolves(loadConfig({ file: new URL(name, folder).pathname, env }), name)
})

t.test('the commented example holds exactly the defaults: leaving its lines out changes nothing', async (t) => {
  const [example, minimal] = await Promise.all(['example.yaml', 'minimal.yaml'].map(async (name) => await loadConfig({ file: new URL(name, folder).pathname, env: {} })))
  t.same(example?.config, minimal?.config)
})

t.test('the commented example names every key', async (t) => {
  const text = await readFile(new URL('example.yaml', folder), 'utf8')
  const ofARoute = ['', 'tls', 'timeouts', 'websocket', 'allow'].flatMap((section) => Object.keys(properties(nodeAt(['routes', 0, ...section.split('.').filter(Boolean)]) ?? {})))
  for (const name of new Set([...keys.map(({ path }) => path.at(-1) ?? ''), ...ofARoute])) t.match(text, new RegExp(`\\b${name}:`), name)
})
