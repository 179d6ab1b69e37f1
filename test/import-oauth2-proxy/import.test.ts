import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { loadConfig, type LoadedConfig } from '../../src/config/load.ts'
import { goDurationSeconds } from '../../src/import-oauth2-proxy/convert.ts'
import { readSettings } from '../../src/import-oauth2-proxy/settings.ts'

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

t.test('nothing becomes laxer: rules that are no plain prefix, or let in by what we do not know, open nothing', async (t) => {
  const { config, notes } = await imported(t, 'redirect_url = "https://a.example/oauth2/callback"\nupstreams = ["http://a"]\nauthenticated_emails_file = "/etc/emails"\ntrusted_ips = ["10.0.0.0/8"]\nskip_auth_routes = ["^/health$", "/unanchored", "!=^/private", "POST!=^/x", "^/(a|b)/", "^/.*", "^/oauth2/", "^/fine/"]\n')
  t.strictSame(config.routes.filter(({ access }) => access === 'anyone').map(({ path }) => path), ['/fine'])
  t.strictSame(config.identity.allow.ids, ['replace-me'], 'nobody passes until somebody says who may')
  for (const text of ['^/health$', '/unanchored', '!=^/private', 'POST!=^/x', '^/(a|b)/', '^/.*', '^/oauth2/', 'authenticated_emails_file', 'trusted_ips']) t.ok(notes.includes(text), text)
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
