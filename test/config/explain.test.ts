import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

const file = `server: { publicUrl: https://app.example.com }
aihubmix: { clientId: client_1, clientSecret: very-secret }
identity:
  trustEmails: true
  allow: { ids: [1, 2], emailDomains: [example.com] }
routes:
  - upstream: http://127.0.0.1:3000
  - path: /paid
    upstream: http://127.0.0.1:3001/base
    minBalance: "5"
    warnBalance: "10.5"
  - path: /strict
    upstream: unix:/run/app.sock
    minBalance: "1"
    onUnknown: block
  - path: /vip
    upstream: http://127.0.0.1:3000
    methods: [GET]
    allow: { ids: [2] }
  - { path: /closed, access: nobody }
  - { path: /open, exact: true, access: anyone, upstream: http://127.0.0.1:3000 }
  - { host: "*.other.example", path: /open, access: anyone, upstream: http://127.0.0.1:3000 }
`

interface Ended { readonly code: number, readonly out: string, readonly err: string }

function check (t: Test, argv: readonly string[]): Promise<Ended> {
  const dir = t.testdir({ 'gateway.yaml': file })
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, 'check', '--config', `${dir}/gateway.yaml`, ...argv], { env: {} }, (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }))
  })
}

/** What is asked, by whom, and what the explanation says. */
const rows: ReadonlyArray<readonly [request: string, user: string | null, ...told: RegExp[]]> = [
  ['GET https://app.example.com/x', null, /routes\[0\] \(.*gateway\.yaml:7:5\): any host, below \/, all methods, to http:\/\/127\.0\.0\.1:3000/, /not signed in/, /led to sign in/, /rule +routes\[0\]\.access/],
  ['GET https://app.example.com/x', 'id:1', /passes/],
  ['GET https://app.example.com/x', 'id:3,username:eve,email:eve@evil.example', /403 access_denied/, /identity\.allow \(.*gateway\.yaml:5:3\): the user is on none/],
  ['GET https://app.example.com/x', 'id:3,email:Eve@Example.com', /passes/],
  ['POST https://app.example.com/paid/7?a=b', 'id:1,balance:4.99', /402 balance_too_low/, /routes\[1\]\.minBalance \(.*gateway\.yaml:10:5\): the balance is below 5/, /3001\/base/],
  ['POST https://app.example.com/paid/7', 'id:1,balance:5.00', /passes/, /routes\[1\]\.warnBalance/],
  ['POST https://app.example.com/paid/7', 'id:1,balance:10.50', /passes/, /no other rule/],
  ['GET https://app.example.com/paid', 'id:1', /passes/],
  ['GET https://app.example.com/strict', 'id:1', /402/, /routes\[2\]\.onUnknown \(.*\): block/, /unix:\/run\/app\.sock/],
  ['GET https://app.example.com/strict', 'id:1,balance:1e9', /402/, /routes\[2\]\.onUnknown/],
  ['GET https://app.example.com/vip', 'id:1', /403/, /routes\[3\]\.allow/],
  ['HEAD https://app.example.com/vip', 'id:2', /passes/, /GET, to/],
  ['PUT https://app.example.com/vip', 'id:1', /routes\[0\]/, /passes/],
  ['GET https://app.example.com/%63losed', 'id:1', /403/, /routes\[4\]\.access .*nobody/],
  ['GET https://app.example.com/CLOSED', 'id:1', /403/, /routes\[4\] .*capitals/, /routes\[4\]\.access .*nobody/],
  ['POST https://app.example.com/vip?_method=GET', 'id:3', /403/, /_method/],
  ['GET https://app.example.com/open/', null, /exactly \/open/, /passes/],
  ['GET https://app.example.com/open/x', null, /routes\[0\]/],
  ['GET https://A.Other.Example:8443/open/x', null, /routes\[6\]/],
  ['GET https://app.example.com/closed%2f..', 'id:1', /400 malformed_request_target/],
  ['GET https://app.example.com/open//', null, /400 malformed_request_target/, /two routes/],
  ['GET https://app.example.com/OAuth2/x', null, /the gateway's own/],
  ['GET https://app.example.com/oauth2/callback', null, /the gateway's own/],
  ['GET https://app.example.com', null, /routes\[0\]/]
]

for (const [request, user, ...told] of rows) {
  t.test(`check explains ${request} for ${user ?? 'nobody'}`, async (t) => {
    const { code, out, err } = await check(t, ['--explain', request, ...(user === null ? [] : ['--user', user])])
    t.equal(code, 0, err)
    for (const pattern of told) t.match(out, pattern)
    t.notMatch(out, /very-secret/)
  })
}

const misunderstood: ReadonlyArray<readonly [argv: readonly string[], said: RegExp]> = [
  [['--explain', 'x'], /^--explain 'x' is not understood/],
  [['--explain', 'GET app.example.com/x'], /^--explain 'GET app/],
  [['--explain', 'get https://a/x'], /^--explain 'get https.*capitals/],
  [['--user', 'id:1'], /--explain .* is missing/],
  [['--explain', 'GET https://a/', '--user', 'name:ada'], /^--user 'name:ada' is not understood/],
  [['--explain', 'GET https://a/', '--user', 'ada'], /^--user 'ada' is not understood/]
]

for (const [argv, said] of misunderstood) {
  t.test(`${argv.join(' ')} is not understood, and it says which part and what would be`, async (t) => {
    const { code, out, err } = await check(t, argv)
    t.equal(code, 2)
    t.equal(out, '')
    t.match(err, said)
    t.match(err, /Write --explain 'GET https/)
  })
}
