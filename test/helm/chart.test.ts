import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { valuesSchemaText } from '../../helm/values-schema.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { createAuthority } from '../rig/certificates.ts'
import { chart, helm } from './helm.ts'
import { invalid, unknownFields, type Manifest } from './kubernetes-types.ts'

const authority = createAuthority()

const valuesFiles = (await readdir(join(chart, 'ci'))).map((name) => join(chart, 'ci', name))
const ingress = join(chart, 'ci/ingress-values.yaml')
const pod = ['spec', 'template', 'spec']

function manifestsIn (text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => document.toJS() ?? [])
}

async function rendered (...args: readonly string[]): Promise<readonly Manifest[]> {
  return manifestsIn(await helm('template', 'my', chart, ...args))
}

async function refusal (...args: readonly string[]): Promise<string> {
  return await helm('template', 'my', chart, ...args).then(() => 'it was taken', (error: unknown) => String(error))
}

function valueAt (tree: unknown, path: ReadonlyArray<string | number>): unknown {
  return path.reduce<unknown>((node, key) => node !== null && typeof node === 'object' ? Reflect.get(node, key) : undefined, tree)
}

/** The one manifest of this kind, and what stands in it at the path. */
function only (manifests: readonly Manifest[], kind: string, path: readonly (string | number)[] = []): unknown {
  const found = manifests.filter((manifest) => manifest.kind === kind)
  if (found.length !== 1) throw new Error(`${found.length} manifests of kind ${kind}`)
  return valueAt(found[0], path)
}

t.test('Helm finds nothing to complain of in the chart, whatever of it is turned on', async (t) => {
  t.ok(valuesFiles.length >= 6)
  for (const file of valuesFiles) t.match(await helm('lint', '--strict', chart, '--values', file), '0 chart(s) failed', basename(file))
})

t.test('what the chart renders is what Kubernetes takes: every field known, every value of its type', async (t) => {
  const manifests = (await Promise.all(valuesFiles.map(async (file) => await rendered('--values', file)))).flat()
  t.strictSame(await invalid(manifests), [])
  t.equal(await unknownFields(manifests), '')
  const kinds = new Set(manifests.map(({ kind }) => kind))
  for (const kind of ['Deployment', 'Service', 'ConfigMap', 'Secret', 'Ingress', 'HTTPRoute', 'HorizontalPodAutoscaler', 'PodDisruptionBudget', 'NetworkPolicy', 'ServiceMonitor', 'PrometheusRule', 'ServiceAccount', 'Pod']) t.ok(kinds.has(kind), kind)
})

t.test('the examples are what Kubernetes takes, the sidecar with every field', async (t) => {
  const files = await readdir(join(chart, 'examples'))
  const manifests = (await Promise.all(files.map(async (name) => manifestsIn(await readFile(join(chart, 'examples', name), 'utf8'))))).flat()
  // Traefik's own kinds have no published types in npm
  const known = manifests.filter(({ apiVersion }) => !apiVersion.startsWith('traefik.io/'))
  t.equal(manifests.length - known.length, 3)
  t.strictSame(await invalid(known), [])
  t.equal(await unknownFields(known), '')
})

t.test('the checks see a field that does not exist and a value of a wrong type', async (t) => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { ports: [{ port: 80, targetPrt: 'http' }] } }
  t.match(await unknownFields([service]), 'targetPrt')
  t.match((await invalid([{ ...service, spec: { ports: [{ port: 'eighty' }] } }])).join(), 'integer')
})

t.test('the values schema is made of the configuration schema, and is in step with it', async (t) => {
  t.equal(await readFile(join(chart, 'values.schema.json'), 'utf8'), valuesSchemaText(), 'run `npm run helm:schema`')
})

t.test('a mistake in the values is refused before anything is installed', async (t) => {
  const mistakes: ReadonlyArray<readonly [string, RegExp]> = [
    ['replicaCount=two', /replicaCount.*got string, want integer/s],
    ['replicas=2', /additional properties 'replicas' not allowed/],
    ['config.server.publicURL=https://a.example', /additional properties 'publicURL' not allowed/],
    ['config.session.idleTimeout=7', /idleTimeout/],
    ['config.aihubmix.clientSecret=s', /additional properties 'clientSecret' not allowed/],
    ['config.server.publicUrl=', /config\.server\.publicUrl is missing\. Set it to/],
    ['secrets.existingSecret=', /The client secret is missing\. Name a Secret/],
    ['secrets.keys.redisUrl=', /More than one pod needs Redis/],
    ['secrets.keys.sessionKeys=', /Redis needs session keys\. Make one with/],
    ['httpRoute.enabled=true', /httpRoute\.parentRefs is empty/]
  ]
  for (const [set, said] of mistakes) t.match(await refusal('--values', ingress, '--set', set), said, set)
  t.match(await refusal('--set', 'config.server.publicUrl=https://app.example.com'), /config\.aihubmix\.clientId is missing/)
})

t.test('an existing Secret wins over secrets in the values, and no Secret is made beside it', async (t) => {
  const manifests = await rendered('--values', ingress, '--set', 'secrets.inline.clientSecret=of-the-values,secrets.inline.redisPassword=of-the-values')
  t.equal(manifests.filter(({ kind }) => kind === 'Secret').length, 0)
  t.notMatch(JSON.stringify(manifests), /of-the-values|REDIS_PASSWORD/)
  t.same(only(manifests, 'Deployment', [...pod, 'volumes', 1, 'secret', 'secretName']), 'aihubmix')
})

t.test('each pair of secret name and key leads to the file the gateway is told of', async (t) => {
  const keys = 'secrets.keys.clientSecret=a,secrets.keys.sessionKeys=b,secrets.keys.redisUrl=c,secrets.keys.redisPassword=d,secrets.keys.sentinelPassword=e,secrets.keys.adminToken=f'
  const manifests = await rendered('--values', ingress, '--set', keys)
  t.same(only(manifests, 'Deployment', [...pod, 'volumes', 1, 'secret', 'items']), ['f', 'a', 'd', 'c', 'e', 'b'].map((key) => ({ key, path: key })))
  t.same(only(manifests, 'Deployment', [...pod, 'containers', 0, 'env']), [
    ['GATEWAY_ADMIN_TOKEN_FILE', 'f'], ['GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE', 'a'], ['GATEWAY_SESSION_REDIS_PASSWORD_FILE', 'd'],
    ['GATEWAY_SESSION_REDIS_URL_FILE', 'c'], ['GATEWAY_SESSION_REDIS_SENTINELS_PASSWORD_FILE', 'e'], ['GATEWAY_SESSION_KEYS_FILE', 'b']
  ].map(([name, file]) => ({ name, value: `/run/secrets/aihubmix-gateway/${file}` })))
})

t.test('no secret of the values is in a ConfigMap, in the environment or in an annotation', async (t) => {
  const manifests = await rendered('--values', join(chart, 'ci/inline-redis-values.yaml'))
  const elsewhere = manifests.filter(({ kind }) => kind !== 'Secret')
  t.notMatch(JSON.stringify(elsewhere), /only-for-a-try|AAAAAAAA|redis\.default/)
  t.match(JSON.stringify(manifests), 'only-for-a-try')
})

t.test('pods roll when the configuration changes, and not when only the chart does', async (t) => {
  const annotations = async (...args: readonly string[]): Promise<unknown> => only(await rendered('--values', ingress, ...args), 'Deployment', ['spec', 'template', 'metadata'])
  const before = await annotations()
  t.strictSame(await annotations('--set', 'service.port=8080'), before)
  t.strictNotSame(await annotations('--set', 'config.identity.maxAge=10s'), before)
  t.strictSame(await annotations('--set', 'rollOnConfigChange=false,config.identity.maxAge=10s'), await annotations('--set', 'rollOnConfigChange=false'))
})

t.test('a single pod gets no disruption budget: it would block every node drain', async (t) => {
  t.notOk((await rendered('--values', join(chart, 'ci/first-try-values.yaml'))).some(({ kind }) => kind === 'PodDisruptionBudget'))
  t.equal(only(await rendered('--values', ingress), 'PodDisruptionBudget', ['spec', 'maxUnavailable']), 1)
})

t.test('no name is longer than Kubernetes allows, and the derived ones keep their ending', async (t) => {
  const manifests = await rendered('--values', join(chart, 'ci/everything-extra-values.yaml'), '--set', `fullnameOverride=${'n'.repeat(70)}`)
  for (const { kind, metadata } of manifests) t.ok(metadata.name.length <= 63, `${kind} ${metadata.name}`)
  t.ok(manifests.some(({ metadata }) => metadata.name.endsWith('-admin')))
})

t.test('the admin listener is in no Service an ingress leads to', async (t) => {
  for (const file of valuesFiles) {
    for (const { kind, spec, metadata } of await rendered('--values', file)) {
      if (kind !== 'Service' || metadata.name.endsWith('-admin')) continue
      t.same(valueAt(spec, ['ports']), [{ name: 'http', port: valueAt(spec, ['ports', 0, 'port']), targetPort: 'http', protocol: 'TCP' }], basename(file))
    }
  }
})

t.test('a pod has the time its drain needs before it is killed', async (t) => {
  for (const file of valuesFiles) {
    const manifests = await rendered('--values', file)
    const config = await configurationOf(t, manifests)
    const graceMs = Number(only(manifests, 'Deployment', [...pod, 'terminationGracePeriodSeconds'])) * 1000
    t.ok(graceMs > config.server.drain.delay + config.server.drain.timeout, basename(file))
  }
})

t.test('the notes print the redirect URI to register, to the letter', async (t) => {
  const notes = async (...args: readonly string[]): Promise<string> => await helm('install', 'my', chart, '--dry-run=client', '--values', ingress, ...args)
  t.match(await notes(), '\n     https://app.example.com/oauth2/callback\n')
  t.match(await notes('--set', 'config.aihubmix.redirectUri=https://app.example.com/cb'), '\n     https://app.example.com/cb\n')
  t.match(await notes('--set-json', 'config.server.trustedProxies=[]'), 'trustedProxies is empty')
})

t.test('the chart packs into an archive without its tests and examples', async (t) => {
  const folder = t.testdir()
  await helm('package', chart, '--destination', folder)
  const [archive = ''] = await readdir(folder)
  t.match(archive, /^aihubmix-gateway-\d+\.\d+\.\d+\.tgz$/)
  t.match(await helm('show', 'values', join(folder, archive)), 'replicaCount: 2')
  const version = JSON.parse(await readFile(join(chart, '../../package.json'), 'utf8')).version
  t.match(await helm('show', 'chart', join(folder, archive)), `appVersion: ${version}`)
})

/** What the gateway reads from the rendered ConfigMap, with the secrets where the Deployment mounts them. */
async function configurationOf (t: Test, manifests: readonly Manifest[]): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), 'chart-'))
  t.after(async () => await rm(folder, { recursive: true }))
  const map = manifests.find(({ kind, data }) => kind === 'ConfigMap' && valueAt(data, ['gateway.yaml']) !== undefined)
  const file = join(folder, 'gateway.yaml')
  await writeFile(file, String(valueAt(map, ['data', 'gateway.yaml'])).replace('/etc/redis-ca/ca.crt', authority.caFile))
  return (await loadConfig({ file, env: await environmentOf(folder, manifests) })).config
}

const secretTexts: Readonly<Record<string, string>> = {
  GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE: 'a-client-secret',
  GATEWAY_SESSION_KEYS_FILE: Buffer.alloc(32, 7).toString('base64'),
  GATEWAY_SESSION_REDIS_URL_FILE: 'rediss://redis.example.com:6379/0',
  GATEWAY_SESSION_REDIS_PASSWORD_FILE: 'a-password',
  GATEWAY_SESSION_REDIS_SENTINELS_PASSWORD_FILE: 'another-password',
  GATEWAY_ADMIN_TOKEN_FILE: 'a-token-of-an-operator'
}

async function environmentOf (folder: string, manifests: readonly Manifest[]): Promise<Record<string, string>> {
  const variables = only(manifests, 'Deployment', [...pod, 'containers', 0, 'env'])
  const names = (Array.isArray(variables) ? variables : []).map((variable) => String(valueAt(variable, ['name']))).filter((name) => name in secretTexts)
  for (const name of names) await writeFile(join(folder, name), secretTexts[name] ?? '')
  return Object.fromEntries(names.map((name) => [name, join(folder, name)]))
}

t.test('every configuration the chart renders is one the gateway starts with', async (t) => {
  for (const file of valuesFiles) {
    const config = await configurationOf(t, await rendered('--values', file))
    t.match(config.admin.listen, { port: 4181 }, basename(file))
    t.equal(config.aihubmix.clientSecret, 'a-client-secret', basename(file))
    t.equal(config.session.redis === null, basename(file).startsWith('first-try'), basename(file))
  }
})
