import t from 'tap'
import { load, problemsOf } from './configured.ts'

interface Form { readonly over: (value: unknown) => object, readonly good: readonly unknown[], readonly bad: readonly unknown[] }

/** Keys whose value has a form of its own, with what is accepted and what is refused. */
const forms: Readonly<Record<string, Form>> = {
  'server.publicUrl': {
    over: (publicUrl) => ({ server: { publicUrl } }),
    good: ['https://a.example', 'https://a.example:8443/', 'http://localhost:4180', 'http://127.0.0.1', 'http://[::1]:4180', 'HTTPS://A.example'],
    bad: ['a.example', 'http://a.example', 'http://localhost.evil.test', 'http://127.0.0.1.evil.test', 'https://u:p@a.example', 'https://a.example/x', 'https://a.example/?', 'https://a.example#', 'https://*.example', 'https:a.example', 'https:/a.example', 'https://a.example\\x', ' https://a.example', 'https://a.exam\tple', 'ftp://a.example', 'javascript:1', '', 1, null]
  },
  'server.listen': {
    over: (listen) => ({ server: { listen } }),
    good: ['0.0.0.0:4180', '[::]:4180', 'localhost:0', '127.0.0.1:65535'],
    bad: ['4180', ':4180', '0.0.0.0', '0.0.0.0:65536', '0.0.0.0:-1', '::1:4180', 'http://0.0.0.0:1', '0.0.0.0:4180x', 4180, true]
  },
  'server.trustedProxies': {
    over: (trustedProxies) => ({ server: { trustedProxies } }),
    good: [[], ['10.0.0.0/8'], ['10.0.0.1'], ['::1'], ['fd00::/8'], ['0.0.0.0/0'], ['::/0']],
    bad: [1, true, 'true', '10.0.0.0/8', ['10.0.0.0/33'], ['fd00::/129'], ['10.0.0'], ['1'], [1], ['10.0.0.0/'], ['10.0.0.0/8/8'], ['10.0.0.0/-1'], ['loopback'], ['*'], [''], ['0x7f.0.0.1'], ['010.0.0.1']]
  },
  'aihubmix.redirectUri': {
    over: (redirectUri) => ({ aihubmix: { redirectUri } }),
    good: [null, 'https://app.example.com/oauth2/callback', 'https://APP.example.com/cb', 'https://app.example.com:443/cb'],
    bad: ['https://app.example.com/cb#', 'https://app.example.com/cb#x', 'http://app.example.com/cb', 'https://*.example.com/cb', 'https://app.example.com/*', 'https://app.example.com/', 'https://app.example.com', '/cb', 'https://app.example.com/a/../cb', 'https://app.example.com/%63b', 'https://u@app.example.com/cb', '']
  },
  'session.keys': {
    over: (value) => ({ session: { keys: [value] } }),
    good: [Buffer.alloc(32, 255).toString('base64'), Buffer.alloc(32, 255).toString('base64url')],
    bad: [Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64'), 'a'.repeat(44), `${Buffer.alloc(32).toString('base64')}\n`, '', 1, null]
  },
  'session.redis': {
    over: (url) => ({ session: { keys: [Buffer.alloc(32).toString('base64')], redis: { url } } }),
    good: ['redis://a', 'rediss://u:p@a:6380/2', 'redis://[::1]:6379'],
    bad: ['a:6379', 'http://a', 'redis:a', 'redis://', 'redis:// a', '']
  },
  'headers.set': {
    over: (name) => ({ headers: { set: { [String(name)]: 'id' } } }),
    good: ['X-User-Id', 'Remote-User', 'x_user', "!#$%&'*+-.^_`|~9"],
    bad: ['', 'a b', 'a:b', 'X-Ü', 'a\r\nb', 'Host', 'COOKIE', 'Content-Length', 'content_length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'TE', 'Authorization', 'Proxy-Authorization', 'Keep-Alive', 'Trailer', 'X-Forwarded-For', 'x_forwarded_host', 'Sec-WebSocket-Key']
  },
  'routes[0].upstream': {
    over: (upstream) => ({ routes: [{ upstream }] }),
    good: ['http://app', 'http://my_app:3000', 'https://app/base/', 'http://[::1]:1', 'unix:/run/app.sock'],
    bad: ['app:3000', 'http://', 'http://u:p@app', 'http://app?x', 'http://app#x', 'http://app/../x', 'http://app/%2e%2e', 'unix:app.sock', 'unix:', 'ws://app', 'http://app:99999', 3000]
  },
  'routes[0].path': {
    over: (path) => ({ routes: [{ path, upstream: 'http://a' }] }),
    good: ['/', '/a', '/a/b/', '/.well-known', '/a.b', '/~a'],
    bad: ['', 'a', '/a/../b', '/./a', '/..', '/a%2fb', '/a?b', '/a#b', '/a\\b', '//a', '/a//b', '/ä', '/a b', '/a\n', '*', 1]
  },
  'routes[0].host': {
    over: (host) => ({ routes: [{ host, upstream: 'http://a' }] }),
    good: [null, 'a.example', '*.a.example', 'localhost'],
    bad: ['*', '*.', 'a.*.example', '**.a', 'a.example:80', 'http://a', 'a..b', '.a', 'a/b', '']
  },
  'routes[0].methods': {
    over: (method) => ({ routes: [{ methods: [method], upstream: 'http://a' }] }),
    good: ['get', 'M-SEARCH'],
    bad: ['', 'GET POST', '*', 'GET\n', 1]
  },
  'identity.allow': {
    over: (id) => ({ identity: { allow: { ids: [id] } } }),
    good: [1, '1', 'user_1'],
    bad: ['', 1.5, 2 ** 60, true, null]
  }
}

for (const [key, { over, good, bad }] of Object.entries(forms)) {
  for (const value of good) {
    t.test(`${key}: ${JSON.stringify(value)} is accepted`, async (t) => { await t.resolves(load(t, { over: over(value) })) })
  }
  for (const value of bad) {
    t.test(`${key}: ${JSON.stringify(value)} is refused`, async (t) => {
      const problems = await problemsOf(t, { over: over(value) })
      t.ok(problems.length > 0 && problems.every(({ path }) => path.startsWith(key)), JSON.stringify(problems))
    })
  }
}

t.test('an upstream is read into origin, base path and socket', async (t) => {
  const upstreamOf = async (upstream: string) => (await load(t, { over: { routes: [{ upstream }] } })).config.routes[0]?.upstream
  t.same(await upstreamOf('HTTPS://App:443/a/b/'), { kind: 'http', origin: 'https://app', basePath: '/a/b' })
  t.same(await upstreamOf('http://app:3000'), { kind: 'http', origin: 'http://app:3000', basePath: '' })
  t.same(await upstreamOf('unix:/run/app.sock'), { kind: 'unix', socketPath: '/run/app.sock' })
})

t.test('the cookie is named after what protects it', async (t) => {
  const nameFor = async (over: object) => (await load(t, { over })).config.session.cookieName
  t.equal(await nameFor({}), '__Host-aihubmix')
  t.equal(await nameFor({ session: { cookieDomain: 'example.com' } }), '__Secure-aihubmix')
  t.equal(await nameFor({ server: { publicUrl: 'http://localhost:4180' } }), 'aihubmix')
  t.equal(await nameFor({ session: { cookieName: 'sid' } }), 'sid')
})

t.test('without keys the memory store gets one of 32 bytes, the same each time this process reads its configuration', async (t) => {
  const [first, second] = [await load(t), await load(t)]
  t.equal(first.config.session.keys[0]?.length, 32)
  t.same(first.config.session.keys, second.config.session.keys)
})

t.test('a redirect URI is kept letter by letter, because AIHubMix compares it so', async (t) => {
  const { config } = await load(t, { over: { aihubmix: { redirectUri: 'https://APP.example.com:443/cb' } } })
  t.equal(config.aihubmix.redirectUri, 'https://APP.example.com:443/cb')
})
