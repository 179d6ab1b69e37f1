import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { loadConfig, type LoadedConfig } from '../../src/config/load.ts'
import { goDurationSeconds } from '../../src/import-oauth2-proxy/durations.ts'
import { readSettings } from '../../src/import-oauth2-proxy/settings.ts'
import { createAuthority } from '../rig/certificates.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const run = promisify(execFile)

interface Imported extends LoadedConfig {
  readonly yaml: string
  readonly notes: string
}

/** Runs the command, and loads what it wrote as `check` would: it must be a configuration without a problem. */
async function imported (t: Test, text: string): Promise<Imported> {
  const dir = t.testdir({ 'oauth2-proxy.cfg': text })
  const { stdout, stderr } = await run(process.execPath, [main, 'import', 'oauth2-proxy', `${dir}/oauth2-proxy.cfg`])
  const file = `${t.testdir({ 'gateway.yaml': stdout })}/gateway.yaml`
  return { ...await loadConfig({ file, env: {} }), yaml: stdout, notes: stderr }
}

// The settings of contrib/oauth2-proxy.cfg.example of oauth2-proxy 7 (github.com/oauth2-proxy/oauth2-proxy), with its comments taken off.
const example = `
http_address = "127.0.0.1:4180"
https_address = ":443"
reverse_proxy = true
redirect_url = "https://internalapp.yourcompany.com/oauth2/callback"
upstreams = [
    "http://127.0.0.1:8080/"
]
logging_filename = ""
logging_max_size = 100
standard_logging_format = "[{{.Timestamp}}] [{{.File}}] {{.Message}}"
pass_basic_auth = true
pass_user_headers = true
pass_host_header = true
email_domains = [
    "yourcompany.com"
]
client_id = "123456.apps.googleusercontent.com"
client_secret = "x"
scope = "openid email profile"
pass_access_token = false
skip_auth_routes = [
  "GET=^/probe",
  "^/metrics"
]
api_routes = [
  "^/api"
]
custom_templates_dir = ""
ssl_insecure_skip_verify = false
cookie_name = "_oauth2_proxy"
cookie_secret = ""
cookie_domains = ""
cookie_expire = "168h"
cookie_refresh = ""
cookie_secure = true
cookie_httponly = true
`

t.test('the example of oauth2-proxy becomes a configuration that check accepts, and what it says is kept', async (t) => {
  const { config, notes } = await imported(t, example)
  t.match(config.server, { publicUrl: 'https://internalapp.yourcompany.com', listen: { host: '127.0.0.1', port: 4180 } })
  t.match(config.identity, { trustEmails: true, allow: { emailDomains: ['yourcompany.com'] } })
  t.match(config.session, { cookieName: '_oauth2_proxy', maxAge: 7 * 86_400_000 })
  t.strictSame(config.routes.map(({ path, access, methods, api }) => ({ path, access, methods, api })), [
    { path: '/', access: 'signedIn', methods: [], api: false },
    { path: '/probe', access: 'anyone', methods: ['GET'], api: false },
    { path: '/metrics', access: 'anyone', methods: [], api: false },
    { path: '/api', access: 'signedIn', methods: [], api: true }
  ])
  t.ok(config.routes.every(({ upstream }) => upstream?.kind === 'http' && upstream.origin === 'http://127.0.0.1:8080'))
  t.match(config.headers.set, { 'X-User-Id': 'id', 'X-Forwarded-User': 'id', 'X-Forwarded-Email': 'email' })
  t.match(notes, /client_id: .*app create/)
})

t.test('every setting of the example is either kept or spoken of', async (t) => {
  const { notes, yaml } = await imported(t, example)
  const kept = ['http_address', 'redirect_url', 'upstreams', 'pass_user_headers', 'pass_host_header', 'pass_access_token', 'skip_auth_routes', 'api_routes', 'cookie_name', 'cookie_expire']
  for (const [, name = ''] of example.matchAll(/^([a-z_]+) = /gm)) {
    if (kept.includes(name)) continue
    t.ok(notes.includes(`${name}: `), name)
    t.ok(yaml.includes(`#   ${name}: `), `${name} in the file too`)
  }
})

// Values of contrib/local-environment/oauth2-proxy-{gitea,keycloak,nginx}.cfg of the same repository.
for (const [name, text] of Object.entries({
  gitea: 'http_address="0.0.0.0:4180"\ncookie_secret="OQINaROshtE9TcZkNAm-5Zs2Pv3xaWytBmc5W7sPX7w="\nemail_domains=["localhost"]\ncookie_secure="false"\nupstreams="http://httpbin"\ncookie_domains=[".localtest.me"] # Required so cookie can be read on all subdomains.\nwhitelist_domains=[".localtest.me"]\nclient_id="a"\nredirect_url="http://oauth2-proxy.localtest.me:4180/oauth2/callback"\nprovider="github"\nlogin_url="http://gitea.localtest.me:3000/login/oauth/authorize"\n',
  keycloak: 'http_address="0.0.0.0:4180"\nemail_domains="example.com"\nupstreams="http://httpbin"\ncookie_domains=["oauth2-proxy.localtest.me:4080", "keycloak.localtest.me:9080"]\noidc_issuer_url="http://keycloak.localtest.me:9080/realms/oauth2-proxy"\nprovider="oidc"\nredirect_url="http://oauth2-proxy.localtest.me:4180/oauth2/callback"\n',
  nginx: 'http_address="0.0.0.0:4180"\nemail_domains=["*"]\ncookie_domains=[".oauth2-proxy.localhost"]\nset_xauthrequest=true\nreverse_proxy="true"\ntrusted_proxy_ips=["10.0.0.0/8"]\nupstreams=["static://202"]\n'
})) {
  t.test(`the ${name} sample becomes a configuration that check accepts`, async (t) => {
    const { config, notes } = await imported(t, text)
    t.equal(config.server.listen.host, '0.0.0.0')
    for (const [, setting = ''] of text.matchAll(/^(provider|whitelist_domains|oidc_issuer_url|login_url|cookie_secret|client_id)=/gm)) t.match(notes, `${setting}: `)
    if (name === 'nginx') t.match(config, { server: { trustedProxies: ['10.0.0.0/8'] }, routes: [{ path: '/', upstream: null }], headers: { set: { 'X-Auth-Request-User': 'id' } } })
  })
}

t.test('flags and environment are read as the cfg file is', async (t) => {
  const flags = await imported(t, '- --http-address=:8080\n- --upstream=http://app:3000/\n- --upstream=http://docs:3001/docs/\n- --email-domain=*\n- "--redirect-url=https://a.example/oauth2/callback"\n- --skip-auth-route=GET=^/public/.*\n- --proxy-websockets=false\n')
  const env = await imported(t, 'OAUTH2_PROXY_HTTP_ADDRESS=:8080\nOAUTH2_PROXY_UPSTREAMS=http://app:3000/,http://docs:3001/docs/\nOAUTH2_PROXY_EMAIL_DOMAINS="*"\nOAUTH2_PROXY_REDIRECT_URL=https://a.example/oauth2/callback\nOAUTH2_PROXY_SKIP_AUTH_ROUTES=GET=^/public/.*\nOAUTH2_PROXY_PROXY_WEBSOCKETS=false\n')
  t.strictSame(parse(flags.yaml), parse(env.yaml))
  t.strictSame(flags.config.routes.map(({ path, access }) => [path, access]), [['/', 'signedIn'], ['/docs', 'signedIn'], ['/public', 'anyone']])
  t.ok(flags.config.routes.every(({ websocket }) => !websocket.enabled))
})

t.test('Redis is carried over, with a key made for it', async (t) => {
  const { config } = await imported(t, 'redirect_url = "https://a.example/oauth2/callback"\nupstreams = ["http://a"]\nsession_store_type = "redis"\nredis_connection_url = "rediss://r:6379/1"\nredis_password = "p"\n')
  t.match(config.session.redis, { url: 'rediss://r:6379/1', password: 'p' })
  t.equal(config.session.keys.length, 1)
})

const base = 'redirect_url = "https://a.example/oauth2/callback"\nupstreams = ["http://a"]\nemail_domains = ["*"]\n'
const authority = createAuthority()
const { certFile, keyFile } = authority.issue('DNS:a.example')
const ca = authority.caFile

/** Settings of one kind: what they become, and what is said of them. Every row must load. */
const rows: readonly { readonly of: string, readonly given: string, readonly gives: object, readonly says?: readonly RegExp[] }[] = [
  {
    of: 'Sentinels',
    given: 'session_store_type = "redis"\nredis_use_sentinel = true\nredis_sentinel_master_name = "mymaster"\nredis_sentinel_connection_urls = ["redis://s1:26379", "redis://[::1]:26380", "s3"]\nredis_sentinel_password = "sp"\nredis_username = "gateway"\nredis_password = "p"\n',
    gives: { session: { redis: { sentinels: { masterName: 'mymaster', nodes: [{ host: 's1', port: 26379 }, { host: '::1', port: 26380 }, { host: 's3', port: 6379 }], password: 'sp' }, username: 'gateway', password: 'p', tls: undefined } } },
    says: [/^redis_password: carried over/m]
  },
  {
    of: 'Sentinels by TLS, with credentials where they do not count',
    given: `session_store_type = "redis"\nredis_use_sentinel = true\nredis_sentinel_master_name = "m"\nredis_sentinel_connection_urls = "rediss://u:hunter2@s1:26379,rediss://s2:26379"\nredis_ca_path = "${ca}"\nredis_connection_url = "redis://elsewhere"\n`,
    gives: { session: { redis: { url: undefined, sentinels: { nodes: [{ host: 's1', port: 26379 }, { host: 's2', port: 26379 }] }, tls: { ca, verify: true } } } },
    says: [/^redis_sentinel_connection_urls: user names and passwords in it are left out/m, /^redis_connection_url: not used/m]
  },
  {
    of: 'a Cluster',
    given: 'session_store_type = "redis"\nredis_use_cluster = true\nredis_cluster_connection_urls = ["redis://c1:6379", "redis://c2"]\n',
    gives: { session: { redis: { cluster: [{ host: 'c1', port: 6379 }, { host: 'c2', port: 6379 }], tls: undefined } } }
  },
  {
    of: 'a Cluster by TLS whose certificate nobody checked',
    given: 'session_store_type = "redis"\nredis_use_cluster = true\nredis_cluster_connection_urls = ["rediss://c1:6379"]\nredis_insecure_skip_tls_verify = true\n',
    gives: { session: { redis: { cluster: [{ host: 'c1', port: 6379 }], tls: { verify: true } } } },
    says: [/^redis_insecure_skip_tls_verify: refused/m]
  },
  {
    of: 'one Redis by TLS',
    given: `session_store_type = "redis"\nredis_connection_url = "rediss://r:6380/1"\nredis_ca_path = "${ca}"\nredis_connection_idle_timeout = 10\nredis_use_iam_auth = true\n`,
    gives: { session: { redis: { url: 'rediss://r:6380/1', tls: { ca, verify: true } } } },
    says: [/^redis_connection_idle_timeout: not needed/m, /^redis_use_iam_auth: no counterpart/m]
  },
  {
    of: 'one Redis without TLS, and authorities nobody asks for',
    given: `session_store_type = "redis"\nredis_connection_url = "redis://r:6379"\nredis_ca_path = "${ca}"\nredis_sentinel_master_name = "m"\n`,
    gives: { session: { redis: { url: 'redis://r:6379', tls: undefined, sentinels: undefined } } },
    says: [/^redis_ca_path: not used/m, /^redis_sentinel_master_name: not used/m]
  },
  { of: 'two kinds of Redis at once', given: 'session_store_type = "redis"\nredis_use_sentinel = true\nredis_use_cluster = true\n', gives: { session: { redis: null } }, says: [/^redis_use_cluster: contradicts/m] },
  { of: 'Sentinels nobody names', given: 'session_store_type = "redis"\nredis_use_sentinel = true\nredis_sentinel_master_name = "m"\n', gives: { session: { redis: null } }, says: [/^redis_use_sentinel: does not say/m] },
  { of: 'a Redis that sessions are not in', given: 'session_store_type = "cookie"\nredis_connection_url = "redis://r"\n', gives: { session: { redis: null } }, says: [/^session_store_type: not needed/m, /^redis_connection_url: not used/m] },
  {
    of: 'a certificate',
    given: `http_address = "127.0.0.1:4180"\nhttps_address = ":8443"\ntls_cert_file = "${certFile}"\ntls_key_file = "${keyFile}"\ntls_min_version = "TLS1.3"\ntls_cipher_suites = ["A"]\n`,
    gives: { server: { listen: { host: '0.0.0.0', port: 8443 }, tls: { certFile, keyFile } } },
    says: [/^http_address: not served/m, /^tls_min_version: .*laxer/m, /^tls_cipher_suites: no counterpart/m]
  },
  { of: 'a certificate and no address', given: `tls_cert_file = "${certFile}"\ntls_key_file = "${keyFile}"\n`, gives: { server: { listen: { port: 443 }, tls: { certFile } } } },
  { of: 'a certificate without its key', given: `tls_cert_file = "${certFile}"\nhttps_address = ":8443"\n`, gives: { server: { listen: { host: '127.0.0.1', port: 4180 }, tls: null } }, says: [/^tls_cert_file: is of no use alone/m, /^https_address: not served/m] },
  { of: 'metrics', given: 'metrics_address = ":9100"\nmetrics_secure_address = ":9443"\nmetrics_tls_cert_file = "/c"\n', gives: { admin: { listen: { host: '0.0.0.0', port: 9100 } } }, says: [/^metrics_address: is admin\.listen now/m, /^metrics_secure_address: no counterpart/m, /^metrics_tls_cert_file: no counterpart/m] },
  { of: 'JSON for everybody', given: 'force_json_errors = true\napi_routes = ["^/x"]\n', gives: { routes: [{ path: '/', api: true }, { path: '/x', api: true }] } },
  {
    of: 'preflights that pass',
    given: 'skip_auth_preflight = true\nskip_auth_routes = ["GET=^/probe", "^/open", "OPTIONS=^/own"]\napi_routes = ["^/api"]\n',
    gives: {
      routes: [
        { path: '/', methods: [], access: 'signedIn' }, { path: '/probe', methods: ['GET'], access: 'anyone' }, { path: '/open', methods: [], access: 'anyone' },
        { path: '/own', methods: ['OPTIONS'], access: 'anyone' }, { path: '/api', methods: [], access: 'signedIn' },
        { path: '/', methods: ['OPTIONS'], access: 'anyone' }, { path: '/api', methods: ['OPTIONS'], access: 'anyone', api: true }
      ]
    }
  },
  { of: 'a proof key of another kind', given: 'code_challenge_method = "plain"\n', gives: { aihubmix: { pkce: 'off' } }, says: [/^code_challenge_method: not carried over/m] },
  { of: 'lists in one text', given: 'skip_auth_routes = "^/a,GET=^/b"\n', gives: { routes: [{ path: '/' }, { path: '/a', methods: [] }, { path: '/b', methods: ['GET'] }] } },
  { of: 'what is set to nothing', given: 'redis_password = ""\ntls_cert_file = ""\ncookie_name = ""\n', gives: { server: { tls: null }, session: { redis: null } }, says: [/^cookie_name: is empty/m, /^tls_cert_file: is empty/m] },
  { of: 'switches for things of others', given: 'ssl_insecure_skip_verify = true\nforce_https = true\nskip_jwt_bearer_tokens = true\nproxy_prefix = "/auth"\nprefer_email_to_user = true\n', gives: { routes: [{ path: '/', bearer: false }] }, says: [/^ssl_insecure_skip_verify: refused/m, /^force_https: /m, /^skip_jwt_bearer_tokens: not carried over/m, /^proxy_prefix: no counterpart/m, /^prefer_email_to_user: no counterpart/m] }
]

for (const { of, given, gives, says = [] } of rows) {
  t.test(`${of}: becomes what it was as far as there is a key for it, and what is not carried over is said`, async (t) => {
    const { config, notes } = await imported(t, base + given)
    t.match(config, gives)
    for (const what of says) t.match(notes, what)
    for (const [, setting = ''] of given.matchAll(/^([a-z_]+) = /gm)) t.notOk(notes.includes(`${setting}: no counterpart\n`), `${setting} has a word of its own`)
    t.notMatch(notes + JSON.stringify(config.session.redis), /hunter2/, 'what stood before an @')
  })
}

t.test('nothing becomes laxer: an e-mail domain is meant as written, and whoever was restricted by another provider\'s word is', async (t) => {
  const emails = async (list: string) => (await imported(t, base.replace('["*"]', list))).config.identity
  t.match(await emails('["example.com", ".sub.example", "*.star.example", "@at.example"]'), { allow: { emailDomains: ['example.com'] } })
  t.strictSame((await emails('[".example.com"]')).allow.ids, ['replace-me'], 'example.com itself was not allowed, nor is it now')
  for (const flag of ['github-user=ada', 'gitlab-group=a', 'gitlab-project=a', 'google-group=a', 'keycloak-group=a', 'allowed-group=a', 'allowed-role=a', 'entra-id-allowed-tenant=a', 'azure-tenant=a']) {
    const { config, notes } = await imported(t, `--redirect-url=https://a.example/oauth2/callback\n--upstream=http://a\n--email-domain=*\n--${flag}\n`)
    t.strictSame(config.identity.allow.ids, ['replace-me'], flag)
    t.match(notes, 'nobody may pass until you write')
  }
  const { config } = await imported(t, `${base}azure_tenant = "common"\nskip_auth_regex = ["GET=^/x"]\n`)
  t.strictSame([config.identity.allow.ids, config.routes.length], [[], 1], 'an expression that matched nothing opens nothing')
})

t.test('nothing becomes laxer: rules that are no plain prefix, or let in by what we do not know, open nothing', async (t) => {
  const { config, notes } = await imported(t, 'redirect_url = "https://a.example/oauth2/callback"\nupstreams = ["http://a"]\nauthenticated_emails_file = "/etc/emails"\ntrusted_ips = ["10.0.0.0/8"]\nskip_auth_routes = ["^/health$", "/unanchored", "!=^/private", "POST!=^/x", "^/(a|b)/", "^/.*", "^/oauth2/", "^/fine/"]\n')
  t.strictSame(config.routes.filter(({ access }) => access === 'anyone').map(({ path }) => path), ['/fine'])
  t.strictSame(config.identity.allow.ids, ['replace-me'], 'nobody passes until somebody says who may')
  for (const text of ['^/health$', '/unanchored', '!=^/private', 'POST!=^/x', '^/(a|b)/', '^/.*', '^/oauth2/', 'authenticated_emails_file', 'trusted_ips']) t.ok(notes.includes(text), text)
})

t.test('what a value brings along is no line of the file, and credentials of an upstream do not go unsaid', async (t) => {
  const { config, notes } = await imported(t, 'redirect_url = "https://a.example/oauth2/callback"\nupstreams = ["http://u:hunter2@a/?x", "evil\\nroutes: []\\nx"]\nemail_domains = ["*"]\n')
  t.strictSame(config.routes.map(({ path }) => path), ['/'])
  t.match(notes, /^upstreams: user name, password, query and fragment of a are left out/m)
  t.notMatch(notes, 'hunter2')
  t.notMatch(notes, /^routes/m)
})

t.test('what cannot be read is refused with its line', async (t) => {
  for (const [text, line] of [['a = "b"\nb', 2], ['a = "b"\n[section]', 2], ['# c\n\na = 1.5', 3], ['a = "unclosed', 1], ['a = ["b", 3]', 1], ['a = "b" c', 1], ['a = """x"""', 1], ['a = "\\u0041"', 1], ['a = "b"\na = "c"', 2], ['a = [\n"b"', 1], ['a = { b = "c" }', 1], ['--a=b\nrubbish', 2], ['OAUTH2_PROXY_A=b\nB=c', 2], ['providers:\n- id: a', 1]] as const) {
    t.throws(() => readSettings(text), { message: new RegExp(`^line ${line}: `) }, text)
  }
})

t.test('quotes, comments and lists are read as TOML says', async (t) => {
  const settings = readSettings('a = "x # y" # z\nb = [ # one\n  "1", \'2,[#]\', # "no"\n  "\\"3\\"\\\\",\n]\nc = true\nd = -7\ne = []\n')
  t.strictSame([...settings], [['a', ['x # y']], ['b', ['1', '2,[#]', '"3"\\']], ['c', ['true']], ['d', ['-7']], ['e', []]])
})

t.test('durations are Go\'s', async (t) => {
  t.strictSame(['168h', '168h0m0s', '30m', '90s', '1h30m', '', '5', '1.5h', 'x'].map(goDurationSeconds), [604_800, 604_800, 1_800, 90, 5_400, null, null, null, null])
})

t.test('the command refuses what it does not understand', async (t) => {
  for (const [args, code] of [[['import'], 2], [['import', 'nginx', 'x'], 2], [['import', 'oauth2-proxy', '/nowhere.cfg'], 1]] as const) {
    await t.rejects(run(process.execPath, [main, ...args]), { code, stderr: /\S/ })
  }
  t.match((await run(process.execPath, [main, 'import', '--help'])).stdout, 'import oauth2-proxy FILE')
})
