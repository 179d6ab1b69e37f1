import { readFile } from 'node:fs/promises'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { valueAt } from '../../src/config/tree.ts'
import { allUnder } from './emulation.ts'

const identityNames = ['x-user-id', 'x-user-email', 'x-user-balance', 'x-user-balance-low', 'x-user-assertion']
const credentialNames = ['cookie', 'authorization']
const textOf = async (file: string): Promise<string> => await readFile(new URL(`../../config/forward-auth/${file}`, import.meta.url), 'utf8')

for (const file of ['nginx.conf', 'Caddyfile', 'haproxy.cfg', 'haproxy-auth.lua', 'traefik.yaml', 'envoy.yaml']) {
  t.test(`${file} says nothing that a client could choose, and keeps the endpoint to itself`, async (t) => {
    const text = await textOf(file)
    t.notMatch(text, /trustForwardHeader: true|failure_mode_allow: true/)
    if (file !== 'haproxy-auth.lua') t.match(text, /\/oauth2\/auth/)
  })
}

t.test('Traefik asks with the way to sign in, and takes every identity header from the answer alone', async (t) => {
  const config: unknown = parse(await textOf('traefik.yaml'))
  const forwardAuth = valueAt(config, ['http', 'middlewares', 'aihubmix-auth', 'forwardAuth'])
  t.match(forwardAuth, { address: /^http:\/\/[^/]+\/oauth2\/auth\?login=redirect$/, trustForwardHeader: false })
  const taken = valueAt(forwardAuth, ['authResponseHeaders'])
  t.strictSame([taken].flat().map((name) => String(name).toLowerCase()), [...identityNames, ...credentialNames])
  t.match(valueAt(config, ['http', 'routers', 'aihubmix-gateway', 'rule']), '!PathPrefix(`/oauth2/auth`)')
  t.strictSame(valueAt(config, ['http', 'routers', 'app', 'middlewares']), ['aihubmix-strip', 'aihubmix-auth'], 'what is stripped is stripped before the question')
})

t.test('Traefik strips every spelling that folds to the name of an identity header, and the chart\'s example is as strict as the file', async (t) => {
  const config: unknown = parse(await textOf('traefik.yaml'))
  const stripped = Object.keys(Object(valueAt(config, ['http', 'middlewares', 'aihubmix-strip', 'headers', 'customRequestHeaders']))).map((name) => name.toLowerCase())
  for (const name of identityNames) {
    const spellings = name.split('-').reduce<readonly string[]>((begun, part) => begun.length === 0 ? [part] : begun.flatMap((start) => [`${start}-${part}`, `${start}_${part}`]), [])
    t.strictSame(spellings.filter((spelling) => spelling !== name && !stripped.includes(spelling)), [], name)
  }
  const example = parseAllDocuments(await readFile(new URL('../../helm/aihubmix-gateway/examples/forward-auth-traefik.yaml', import.meta.url), 'utf8')).map((document): unknown => document.toJS())
  t.strictSame(allUnder(example, 'customRequestHeaders'), allUnder(config, 'customRequestHeaders'))
  t.strictSame(allUnder(example, 'authResponseHeaders'), allUnder(config, 'authResponseHeaders'))
  t.strictSame(allUnder(example, 'match'), allUnder(config, 'rule'))
  t.strictSame(allUnder(example, 'middlewares').flat(), [{ name: 'aihubmix-strip' }, { name: 'aihubmix' }])
})

t.test('Envoy drops client copies of every identity header before it asks, and takes them from the answer', async (t) => {
  const config: unknown = parse(await textOf('envoy.yaml'))
  const removed = allUnder(config, 'remove')
  t.strictSame(identityNames.filter((name) => !removed.includes(name)), [])
  const [allowed] = allUnder(config, 'allowed_upstream_headers')
  t.strictSame(allUnder(allowed, 'exact'), [...identityNames, ...credentialNames])
  t.strictSame(allUnder(config, 'path_prefix'), ['/oauth2/auth'])
  t.strictSame(allUnder(config, 'headers_with_underscores_action'), ['DROP_HEADER'])
  const [asked] = allUnder(config, 'allowed_headers')
  const names = allUnder(asked, 'exact')
  t.ok(names.includes('cookie') && names.includes('accept'))
  t.notOk(names.some((name) => /^x-(forwarded-(uri|method|host)|original)/.test(String(name))), 'a client names no other address')
})
