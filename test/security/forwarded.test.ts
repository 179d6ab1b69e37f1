import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { strangersToken } from '../bearer/programs.ts'
import { get } from '../rig/raw.ts'
import { startRig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import { attackOn, cookieLine, isLoginRequired, message, type Outcome } from './attack.ts'

const publicUrl = 'https://gw.test'
const rig = await startRig(t)
const attack = attackOn(rig)
const signedIn = await cookieLine(rig)

// Here the test is the trusted load balancer, and 10.0.0.0/8 the one before it.
const behind = await startRig(t, { config: { server: { publicUrl, trustedProxies: ['127.0.0.1', '10.0.0.0/8'] } } })
const attackBehind = attackOn(behind)
const through = (...lines: readonly string[]): Promise<Outcome> => attackBehind(get('/public/a', lines))

const seenBehind = (name: string, { seen }: Outcome): readonly string[] => behind.upstream.valuesOf(name, seen[0])

t.test('T-55 a stranger does not say under which name or scheme he is led to sign in', async (t) => {
  const lies = ['X-Forwarded-Proto: http', 'X-Forwarded-Host: evil.test', 'X-Forwarded-Port: 81', 'Forwarded: host=evil.test;proto=http', 'X-Forwarded-Server: evil.test', 'X-Original-Host: evil.test']
  for (const target of ['/oauth2/start', '/oauth2/start?rd=/x']) {
    const { text } = await attack(get(target, lies))
    t.match(text, /\r\nlocation: [^\r]*redirect_uri=https%3A%2F%2Fgw\.test%2Foauth2%2Fcallback&/)
    t.match(text, /\r\nset-cookie: __Host-aihubmix-login-[^\r]*; Secure/i)
    t.notMatch(text, /evil\.test/)
  }
})

t.test('T-55 the app hears the true host and scheme', async (t) => {
  const { seen } = await attack(get('/a', [signedIn, 'X-Forwarded-Proto: http', 'X_Forwarded_Proto: http', 'X-Forwarded-Host: evil.test', 'X-Forwarded-Port: 81', 'X-Forwarded-Ssl: off', 'Front-End-Https: off', 'X-Url-Scheme: http']))
  t.strictSame(Object.fromEntries(['Host', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-Forwarded-Ssl', 'Front-End-Https', 'X-Url-Scheme'].map((name) => [name, rig.upstream.valuesOf(name, seen[0])])),
    { Host: ['gw.test'], 'X-Forwarded-Host': ['gw.test'], 'X-Forwarded-Proto': ['https'], 'X-Forwarded-Port': ['443'], 'X-Forwarded-Ssl': [], 'Front-End-Https': [], 'X-Url-Scheme': [] })
})

t.test('T-56 S-04 a stranger\'s address is the one he connects from', async (t) => {
  const claims = ['X-Forwarded-For: 10.0.0.1', 'x_forwarded_for: 10.0.0.2', 'X-Real-IP: 10.0.0.3', 'True-Client-IP: 10.0.0.4', 'CF-Connecting-IP: 10.0.0.5', 'X-Client-IP: 10.0.0.6', 'X-Cluster-Client-IP: 10.0.0.7', 'Forwarded: for=10.0.0.8']
  const { seen } = await attack(get('/public/a', claims))
  t.strictSame(rig.upstream.valuesOf('X-Forwarded-For', seen[0]), ['127.0.0.1'])
  t.notMatch(seen[0]?.rawHeaders.join('\n'), /10\.0\.0\./)
})

t.test('T-56 nor do the names that apps ask for it beside X-Forwarded-For', async (t) => {
  const names = ['Client-IP', 'Proxy-Client-IP', 'WL-Proxy-Client-IP', 'Fastly-Client-IP', 'CF-Connecting-IPv6', 'X-Azure-ClientIP', 'X-AppEngine-User-IP', 'X-Envoy-External-Address', 'X-Original-Forwarded-For', 'X-Remote-IP', 'X-Remote-Addr', 'Remote-Addr', 'X-Forwarded-Client-Cert', 'X-Forwarded-Of-Tomorrow']
  const { seen } = await attack(get('/public/a', names.flatMap((name) => [`${name}: 10.0.0.1`, `${name.replaceAll('-', '_')}: 10.0.0.2`])))
  t.notMatch(seen[0]?.rawHeaders.join('\n'), /10\.0\.0\./)
})

t.test('T-56 a stranger who invents an address for each token he tries has no more tries than with his own', async (t) => {
  const rig = await startRig(t, { config: { routes: [{ upstream: 'http://app.invalid', bearer: true, api: true }] } })
  const attack = attackOn(rig)
  const statuses: number[] = []
  while (statuses.length < 25) statuses.push((await attack(get('/a', [`X-Forwarded-For: 10.0.0.${statuses.length}`, `X-Real-IP: 10.0.1.${statuses.length}`, `Authorization: Bearer ${strangersToken()}`]))).status)
  t.strictSame([statuses.slice(0, 20), statuses.slice(20)], [Array.from({ length: 20 }, () => 401), Array.from({ length: 5 }, () => 429)])
})

t.test('T-56 a stranger names neither the request nor its trace', async (t) => {
  const { seen } = await attack(get('/public/a', ['X-Request-Id: mine', 'traceparent: 00-11111111111111111111111111111111-2222222222222222-01', 'tracestate: a=1']))
  t.match(rig.upstream.valuesOf('X-Request-Id', seen[0]), [/^[0-9a-f]{32}$/])
  t.notMatch(rig.upstream.valuesOf('traceparent', seen[0]).join(), /1{32}/)
  t.strictSame(rig.upstream.valuesOf('tracestate', seen[0]), [])
})

const rewriters = ['X-Forwarded-Uri: /public/a', 'X-Original-URI: /public/a', 'X-Original-URL: /public/a', 'X-Rewrite-URL: /public/a', 'X-Forwarded-Path: /public/a', 'X-Forwarded-Prefix: /public', 'X-Forwarded-Method: OPTIONS', 'X-Original-Method: OPTIONS']
for (const line of rewriters) {
  t.test(`T-57 T-58 "${line}" changes no decision, whoever sends it`, async (t) => {
    for (const method of ['GET', 'POST']) {
      t.ok(isLoginRequired(rig, await attack(message(method, '/admin', [line, line.replaceAll('-', '_')]))), 'from a stranger')
      t.ok(isLoginRequired(behind, await attackBehind(message(method, '/admin', [line]))), 'from a trusted peer')
    }
    const name = line.slice(0, line.indexOf(':'))
    const { seen } = await attack(get('/public/b', [line]))
    t.strictSame(rig.upstream.valuesOf(name, seen[0]), [], 'nor does the app see it')
    t.strictSame(seenBehind(name, await through(line)), [])
  })
}

for (const trusted of [1, true, ['10.0.0.0/33'], ['10.0.0.0/-1'], ['::/129'], ['10.0.0.0/8/8'], ['10.0.0'], ['gw.test'], ['*'], ['']]) {
  t.test(`T-59 trustedProxies: ${JSON.stringify(trusted)} is refused`, async (t) => {
    await t.rejects(configured(t, trusted), /trustedProxies/)
  })
}

for (const network of ['0.0.0.0/0', '::/0']) {
  t.test(`T-59 trusting ${network} is warned of loudly`, async (t) => t.match((await configured(t, [network])).warnings, [/trustedProxies/]))
}

t.test('T-60 behind trusted proxies the chain goes on, and the nearest stranger is its last word', async (t) => {
  t.strictSame(seenBehind('X-Forwarded-For', await through('X-Forwarded-For: 6.6.6.6, 1.2.3.4')), ['6.6.6.6, 1.2.3.4, 127.0.0.1'])
  t.strictSame(seenBehind('X-Forwarded-For', await through('X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 1.2.3.4')), ['6.6.6.6, 1.2.3.4, 127.0.0.1'])
})

t.test('T-60 of a chain the client is the last that is no proxy of ours, whatever stands before it', async (t) => {
  for (const [index, [chain, client]] of ([['6.6.6.6, 1.2.3.4', '1.2.3.4'], ['6.6.6.6, 1.2.3.4, 10.9.9.9', '1.2.3.4'], ['10.0.0.1, 1.2.3.4, 10.9.9.9, 10.8.8.8', '1.2.3.4'], ['127.0.0.1, 2001:db8::1', '2001:db8::1'], ['a, 1.2.3.4', '1.2.3.4'], ['1.2.3.4, a', '127.0.0.1'], ['10.0.0.1', '10.0.0.1'], ['::ffff:10.0.0.1, ::ffff:1.2.3.4, ::ffff:10.0.0.2', '1.2.3.4']] as const).entries()) {
    await attackBehind(get(`/public/client/${index}`, [`X-Forwarded-For: ${chain}`]))
    const line = (): string | undefined => behind.logged().split('\n').find((text) => text.includes(`"/public/client/${index}"`))
    await until(line)
    t.equal(JSON.parse(line() ?? '{}').client, client, chain)
  }
})

t.test('T-61 a flood of invented addresses does not push the true one out', async (t) => {
  const invented = Array.from({ length: 2_000 }, (_value, index) => `6.6.${index >> 8}.${index & 255}`)
  const [chain = ''] = seenBehind('X-Forwarded-For', await through(`X-Forwarded-For: ${invented.join(',')}, 1.2.3.4`))
  t.match(chain, /, 1\.2\.3\.4, 127\.0\.0\.1$/)
  t.ok(chain.length < 2_000, 'and the app is spared the flood')
})

for (const junk of ['a', 'unknown', '_hidden', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4/8', ',', ',,,', ' ', ';', '"1.2.3.4"', '[::1', '::1]', '[1.2.3.4]:x', '1.2.3.4:', '1.2.3.4 5', '1.2.3.4\t', 'for=1.2.3.4', '<script>', '999999999999', '::ffff:1.2.3', 'fe80::1%eth0', 'localhost']) {
  t.test(`T-61 "${junk}" in the chain harms nobody`, async (t) => {
    const outcome = await through(`X-Forwarded-For: ${junk}`)
    t.equal(outcome.status, 200)
    for (const entry of seenBehind('X-Forwarded-For', outcome).join().split(', ')) t.match(entry, /^[0-9a-f.:%]+(eth0)?$/)
  })
}

t.test('T-61 five thousand entries are as good as the nearest of them', async (t) => {
  for (const entry of ['::1,', ',', 'a,']) {
    const outcome = await through(`X-Forwarded-For: ${entry.repeat(5_000)}1.2.3.4`)
    t.equal(outcome.status, 200)
    t.match(seenBehind('X-Forwarded-For', outcome).join(), /(^|, )1\.2\.3\.4, 127\.0\.0\.1$/)
  }
})

t.test('T-61 what stands before something unreadable is nobody\'s word', async (t) => {
  t.strictSame(seenBehind('X-Forwarded-For', await through('X-Forwarded-For: 6.6.6.6, unknown, 1.2.3.4')), ['1.2.3.4, 127.0.0.1'])
  t.strictSame(seenBehind('X-Forwarded-For', await through('X-Forwarded-For: 6.6.6.6, a')), ['127.0.0.1'])
})

t.test('T-61 ports and mapped addresses are read as the address they are', async (t) => {
  t.strictSame(seenBehind('X-Forwarded-For', await through('X-Forwarded-For: 1.2.3.4:99, [2001:db8::1]:443, [::1], ::ffff:10.0.0.1')), ['1.2.3.4, 2001:db8::1, ::1, 10.0.0.1, 127.0.0.1'])
})

t.test('T-62 of two schemes the nearest proxy\'s counts, and nothing but http and https', async (t) => {
  for (const [value, proto] of [['http, https', 'https'], ['https, http', 'http'], ['HTTPS', 'https'], ['javascript', 'https'], ['http, javascript', 'https'], ['', 'https'], ['https://', 'https'], ['wss', 'https']] as const) {
    t.strictSame(seenBehind('X-Forwarded-Proto', await through(`X-Forwarded-Proto: ${value}`)), [proto], value)
  }
})

t.test('T-62 of two hosts the nearest proxy\'s counts, and nothing but a host', async (t) => {
  for (const [value, host] of [['app.test', 'app.test'], ['evil.test, app.test:8443', 'app.test:8443'], ['evil.test/x', 'gw.test'], ['a b', 'gw.test'], ['<script>', 'gw.test'], ['x@evil.test', 'gw.test'], ['', 'gw.test']] as const) {
    t.strictSame(seenBehind('X-Forwarded-Host', await through(`X-Forwarded-Host: ${value}`)), [host], value)
  }
  t.strictSame(seenBehind('X-Forwarded-Port', await through('X-Forwarded-Host: evil.test:1, app.test:8443')), ['8443'])
})

t.test('T-62 a trusted proxy names requests only with plain names', async (t) => {
  t.strictSame(seenBehind('X-Request-Id', await through('X-Request-Id: abc-1.2:3')), ['abc-1.2:3'])
  for (const id of ['a b', '<script>', 'x'.repeat(129), '{"a":1}']) t.match(seenBehind('X-Request-Id', await through(`X-Request-Id: ${id}`)), [/^[0-9a-f]{32}$/])
})

t.test('T-63 beside Forwarded the app gets one consistent set, ours', async (t) => {
  for (const [where, send] of [['a stranger', (lines: readonly string[]) => attack(get('/public/a', lines))], ['a trusted peer', (lines: readonly string[]) => through(...lines)]] as const) {
    const { seen } = await send(['Forwarded: for=1.1.1.1;host=evil;proto=http', 'X-Forwarded: for=1.1.1.1', 'X-Forwarded-By: evil', 'X-Forwarded-User: admin', 'X-Forwarded-Email: admin@x', 'X-Forwarded-Groups: admins', 'X-Forwarded-Preferred-Username: admin', 'X-Forwarded-Access-Token: t', 'X-Auth-Request-User: admin', 'X-Auth-Request-Email: admin@x', 'X-Remote-User: admin', 'X-Remote-Group: admins', 'Remote-User: admin', 'Proxy: http://evil.test'])
    for (const name of ['Forwarded', 'X-Forwarded', 'X-Forwarded-By', 'X-Forwarded-User', 'X-Forwarded-Email', 'X-Forwarded-Groups', 'X-Forwarded-Preferred-Username', 'X-Forwarded-Access-Token', 'X-Auth-Request-User', 'X-Auth-Request-Email', 'X-Remote-User', 'X-Remote-Group', 'Remote-User', 'Proxy']) t.strictSame(rig.upstream.valuesOf(name, seen[0]), [], `${name} of ${where}`)
    for (const name of ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-Request-Id', 'traceparent']) t.equal(rig.upstream.valuesOf(name, seen[0]).length, 1, `${name} of ${where}`)
  }
})

async function configured (t: { after (undo: () => unknown): void }, trustedProxies: unknown) {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-forwarded-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'config.yaml')
  await writeFile(file, JSON.stringify({ server: { publicUrl, trustedProxies }, aihubmix: { clientId: 'c', clientSecret: 's' }, routes: [{ upstream: 'http://a' }], session: { keys: [Buffer.alloc(32, 1).toString('base64')] } }))
  return await loadConfig({ file, env: {} })
}

t.end() // the apps and the gateways go with it
