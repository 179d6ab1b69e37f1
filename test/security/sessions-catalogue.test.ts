import { readFileSync } from 'node:fs'
import t from 'tap'

/** A row of catalogue G (cookies and sessions) or H (tokens, refresh, Redis), and the files that hold it. */
interface Row {
  readonly asks: string
  /** Below `test/`; each has a test that names the id. None: the row is about what is not built. */
  readonly files: readonly string[]
}

const catalogue: Readonly<Record<string, Row>> = {
  'T-90': { asks: 'attributes of the session cookie', files: ['login/sign-out.test.ts'] },
  'T-91': { asks: 'cookies that are none', files: ['security/cookies.test.ts', 'security/fuzz-cookies.test.ts', 'session/cookies.test.ts', 'session/seal.test.ts'] },
  'T-92': { asks: 'the cookie is cleared as it was set', files: ['login/sign-out.test.ts'] },
  'T-93': { asks: 'cookieDomain and hosts beside it', files: ['login/handoff.test.ts', 'login/return-to.test.ts'] },
  'T-94': { asks: 'a copy after the sign-out', files: ['login/sign-out.test.ts', 'session/administration.test.ts'] },
  'T-95': { asks: 'absolute and idle life', files: ['renewal/identity.test.ts', 'session/administration.test.ts', 'session/user-sessions.test.ts'] },
  'T-96': { asks: 'cookie or dump alone', files: ['session/user-sessions.test.ts'] },
  'T-97': { asks: 'a planted session', files: ['login/new-session.test.ts', 'session/user-sessions.test.ts'] },
  'T-98': { asks: 'another user in the same browser', files: ['login/new-session.test.ts'] },
  'T-99': { asks: 'two cookies of our name', files: ['session/cookies.test.ts'] },
  'T-100': { asks: 'numbered cookies, very many', files: ['login/edges.test.ts', 'session/cookies.test.ts'] },
  'T-101': { asks: 'odd Cookie headers', files: ['security/cookies.test.ts', 'security/fuzz-cookies.test.ts', 'security/http2/messages.test.ts', 'session/cookies.test.ts'] },
  'T-102': { asks: 'what the app sees of them', files: ['security/cookies.test.ts', 'security/fuzz-cookies.test.ts', 'session/cookies.test.ts'] },
  'T-103': { asks: 'allowed domains', files: ['access/allow.test.ts'] },
  'T-104': { asks: 'bearer mode: token of another app, expired, revoked', files: ['bearer/bearer.test.ts'] },
  'T-105': { asks: 'one refresh for all, three replicas', files: ['renewal/once.test.ts', 'renewal/under-fire-failover.test.ts', 'renewal/under-fire.test.ts'] },
  'T-106': { asks: 'AIHubMix slower than any lease', files: ['renewal/lease.test.ts', 'renewal/once.test.ts', 'renewal/under-fire-slow.test.ts'] },
  'T-107': { asks: 'the refresher is killed', files: ['renewal/lease.test.ts', 'renewal/under-fire-killed.test.ts'] },
  'T-108': { asks: 'the client leaves', files: ['renewal/once.test.ts', 'renewal/under-fire.test.ts'] },
  'T-109': { asks: 'every answer to a refresh', files: ['renewal/refused.test.ts', 'renewal/under-fire-answers.test.ts'] },
  'T-110': { asks: 'tokens of two users', files: ['renewal/identity.test.ts', 'renewal/under-fire-answers.test.ts'] },
  'T-111': { asks: 'a 401 of the app', files: ['renewal/once.test.ts'] },
  'T-112': { asks: 'disabled, or off the allow list', files: ['renewal/identity.test.ts', 'session/open-connections.test.ts'] },
  'T-113': { asks: 'bearer cache of two apps', files: ['bearer/bearer.test.ts'] },
  'T-114': { asks: 'Redis stopped, paused, read-only, full, password changed, slow, slot moved, failed over', files: ['admin/health.test.ts', 'admin/store-faults.test.ts', 'admin/store-outage.test.ts', 'renewal/under-fire-failover.test.ts', 'session/redis-shapes.test.ts'] },
  'T-115': { asks: 'Redis stopped at start', files: ['admin/store-outage.test.ts'] },
  'T-116': { asks: 'FLUSHALL', files: ['renewal/store-away.test.ts'] }
}

const source = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')

/** The ids in the titles of this file's tests. */
function namedIn (file: string): ReadonlySet<string> {
  const titles = source(file).matchAll(/t\.test\((['`])(?<title>(?:\\.|(?!\1).)*)\1/g)
  return new Set(Array.from(titles, ({ groups }) => groups?.['title']?.match(/T-\d+/g) ?? []).flat())
}

t.test('every row of the catalogue about sessions, tokens and Redis has tests that name it', async (t) => {
  const ids = Array.from({ length: 116 - 90 + 1 }, (_value, index) => `T-${90 + index}`)
  t.strictSame(Object.keys(catalogue), ids)
  for (const [id, { asks, files }] of Object.entries(catalogue)) {
    t.ok(files.length > 0, `${id} ${asks}`)
    for (const file of files) t.ok(namedIn(file).has(id), `${id} ${asks}: ${file}`)
  }
})
