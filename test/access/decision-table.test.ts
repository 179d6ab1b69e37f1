import t from 'tap'
import { Pool, type Dispatcher } from 'undici'
import { signInTo } from '../login/attempt.ts'
import { publicUrl } from '../rig/browser.ts'
import { startRig } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'
import { verdict, type OracleRoute, type OracleUser, type Question, type Verdict } from './oracle.ts'

const routes: readonly OracleRoute[] = [
  { path: '/' },
  { path: '/public', access: 'anyone' },
  { path: '/public/members' },
  { path: '/public/members/never', access: 'nobody' },
  { path: '/admin', allow: { ids: ['12345'] } },
  { path: '/admin', methods: ['GET'], allow: { usernames: ['poor', 'rich'] } },
  { path: '/exact', exact: true, access: 'anyone' },
  { path: '/exact/shut', exact: true, access: 'nobody' },
  { path: '/m', access: 'nobody' },
  { path: '/m', methods: ['GET', 'PUT'], access: 'anyone' },
  { path: '/m', methods: ['HEAD'] },
  { path: '/paid', minBalance: '0.02' },
  { path: '/paid/more', minBalance: '10.000001', onUnknown: 'block', allow: { emailDomains: ['example.com'] } },
  { path: '/paid/debt', minBalance: '0' },
  { path: '/mail', allow: { emails: ['user102@example.com'], ids: ['106'] } },
  { host: 'b.test', path: '/', access: 'nobody' },
  { host: '*.b.test', path: '/', access: 'anyone' },
  { host: 'b.test', path: '/public', allow: { ids: ['101'] } },
  { host: '*.b.test', path: '/paid', minBalance: '700' }
]
const everyone = { ids: ['12345', '101', '102', '103', '106', '116'], emailDomains: ['partner.example'] }

const users: readonly (OracleUser | null)[] = [
  null,
  { name: 'user123', id: '12345', email: 'user@example.com', balance: '750.00' },
  { name: 'rich', id: '101', email: 'user101@example.com', balance: '58.14' },
  { name: 'poor', id: '102', email: 'user102@example.com', balance: '0.02' },
  { name: 'zero', id: '103', email: 'user103@example.com', balance: '0.00' },
  { name: 'debt', id: '104', email: 'user104@example.com', balance: '-0.01' },
  { name: 'noemail', id: '106', email: null, balance: '10.00' },
  { name: 'scoped', id: '116', email: 'user116@example.com', balance: null },
  { name: 'odd', id: '900', email: 'ODD@Partner.Example', balance: null },
  { name: 'edge', id: '901', email: 'edge@partner.example', balance: '10.000001' }
]

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS'] as const
const hosts = ['gw.test', 'B.test.:443', 'a.b.test'] as const
const bases = ['/public', '/public/members', '/public/members/never', '/admin', '/exact', '/exact/shut', '/m', '/paid', '/paid/more', '/paid/debt', '/mail', '/else']

/** One path in the spellings that bypasses are made of. */
function forms (base: string): readonly string[] {
  const letter = base.slice(0, 2) + `%${base.charCodeAt(2).toString(16)}` + base.slice(3)
  return [
    base, `${base}/`, `${base}/x`, `${base}x`, `${base}?a=/public`, base.toUpperCase(), letter, `${base};v=1`, `${base}%2fx`, `/any;v=%2fx${base}`, `${base}%2f..%2f..`, `${base}/../public`,
    `${base}//x`, `/${base}`, `/public/..${base}`, `/public/%2e%2e${base}`, `${base}\\x`, `${base}%00`, `${base}#/public`, `/oauth2${base}`, `/%6fauth2;x${base}`
  ]
}

const targets = ['/', '/?x', ...bases.flatMap(forms)]
const questions: readonly Question[] = hosts.flatMap((host) => methods.flatMap((method) => targets.flatMap((target) => users.map((user) => ({ host, method, target, user })))))
  // Every seventh row of the whole product: seven divides none of the lengths, so each value still meets each value of every other list.
  .filter((_, index) => index % 7 === 0)

const app = await startUpstream((request, response) => { response.setHeader('x-saw', `${String(request.headers['x-user-id'])} ${request.method} ${request.url}`).end() })
t.after(() => app.close())
const rig = await startRig(t, {
  config: {
    server: { publicUrl, trustedProxies: ['127.0.0.1'] },
    identity: { maxAge: '1h', maxStale: '2h', trustEmails: true, allow: everyone },
    log: { level: 'warn' },
    routes: routes.map((route) => ({ ...route, upstream: app.url }))
  }
})
rig.emulator.users.set('odd', { id: 900, email: 'ODD@Partner.Example', balance_formatted: '1e9' })
rig.emulator.users.set('edge', { id: 901, email: 'edge@partner.example', balance_formatted: '10.000001' })
const cookies = new Map<OracleUser | null, string>()
for (const user of users) {
  if (user === null) continue
  const browser = rig.newBrowser()
  await signInTo(rig, browser, '/', user.name)
  cookies.set(user, browser.cookieHeader())
}

interface Door {
  readonly name: string
  readonly request: (question: Question) => { readonly path: string, readonly method: string, readonly headers: Record<string, string> }
  readonly passes: number
  /** Whom an answer that passes is about, as the app or the proxy in front is told. */
  readonly told: (headers: Dispatcher.ResponseData['headers'], question: Question) => unknown
}

const program = { accept: 'application/json', 'sec-fetch-mode': 'cors' }
const doors: readonly Door[] = [
  {
    name: 'the proxy',
    request: ({ host, method, target }) => ({ path: target, method, headers: { ...program, host } }),
    passes: 200,
    told: (headers) => headers['x-saw']
  },
  {
    name: 'forward-auth',
    request: ({ host, method, target }) => ({ path: '/oauth2/auth', method: 'GET', headers: { ...program, host: 'gateway.internal', 'x-forwarded-host': host, 'x-forwarded-method': method, 'x-forwarded-uri': target } }),
    passes: 202,
    told: (headers, { method, target }) => `${String(headers['x-user-id'])} ${method} ${target}`
  }
]

for (const door of doors) {
  t.test(`every row of the table is answered by ${door.name} as the plain rules say, to the right person, byte for byte`, { timeout: 110_000 }, async (t) => {
    const pool = new Pool(rig.url, { connections: 16 })
    t.after(() => pool.destroy())
    const wrong: string[] = []
    const counts = new Map<Verdict, number>()
    const rows = questions.values()
    const before = app.seen.length

    const worker = async (): Promise<void> => {
      for (const question of rows) {
        const expected = verdict(routes, everyone, question)
        counts.set(expected, (counts.get(expected) ?? 0) + 1)
        const { headers, ...line } = door.request(question)
        const cookie = cookies.get(question.user)
        const answer = await pool.request({ path: line.path, method: line.method as Dispatcher.HttpMethod, headers: cookie === undefined ? headers : { ...headers, cookie } })
        await answer.body.dump()
        const { user, method, host, target } = question
        const row = `${user?.name ?? 'nobody'} ${method} ${host} ${target}`
        if (answer.statusCode !== (expected === 200 ? door.passes : expected)) wrong.push(`${row}: ${answer.statusCode}, not ${expected}`)
        else if (expected === 200 && door.told(answer.headers, question) !== `${String(user?.id)} ${method} ${target}`) wrong.push(`${row}: told ${String(door.told(answer.headers, question))}`)
        else if (expected !== 200 && (answer.headers['x-user-id'] !== undefined || answer.headers['x-saw'] !== undefined)) wrong.push(`${row}: refused, and yet it tells who it is`)
      }
    }
    await Promise.all(Array.from({ length: 16 }, worker))

    t.strictSame(wrong.slice(0, 20), [])
    t.equal(wrong.length, 0)
    t.equal(app.seen.length - before, door.passes === 200 ? counts.get(200) : 0, 'the app saw what passes the proxy, and nothing else')
    t.ok(questions.length > 5_000, `${questions.length} rows`)
    for (const each of [200, 400, 401, 402, 403, 404] as const) t.ok((counts.get(each) ?? 0) > 50, `${counts.get(each)} rows are answered ${each}`)
    t.comment(`${questions.length} rows: ${Array.from(counts, ([status, rows]) => `${rows} × ${status}`).join(', ')}`)
  })
}

t.end() // app and gateway go with it
