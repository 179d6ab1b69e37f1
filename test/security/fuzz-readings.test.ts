import fc from 'fast-check'
import t from 'tap'
import { readRequestTarget, type RequestTarget } from '../../src/access/request-target.ts'
import { createRoutes } from '../../src/access/routes.ts'
import { routeSchema } from '../../src/config/route.ts'
import { GatewayError } from '../../src/errors.ts'
import { readAs } from './readings.ts'

/** Few letters, so that what is invented meets the routes that are invented beside it. */
const piece = fc.constantFrom('/', '/', '/', 'a', 'b', 'c', '/a', '/b', '%61', '%2f', '%2F', ';', ';x', '%3b', '.', '..', '%2e', '//', '/.', '\\', '%5c', '%00', '%25', '%23', '?', '#', '%', 'A', 'oauth2', '/OAuth2', '/%6fauth2')
const target = fc.array(piece, { maxLength: 9 }).map((pieces) => `/${pieces.join('')}`)

interface Row { readonly path: string, readonly exact: boolean }
const path = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }).map((segments) => `/${segments.join('/')}`)
const table: fc.Arbitrary<readonly Row[]> = fc.uniqueArray(fc.record({ path, exact: fc.boolean() }), { selector: nameOf, maxLength: 7 })

function nameOf ({ path, exact }: Row): string {
  return `${path}${exact ? ' exactly' : ''}`
}

const configured = new Map<string, ReturnType<typeof routeSchema.parse>>()

function routeOf (row: Row): ReturnType<typeof routeSchema.parse> {
  const known = configured.get(nameOf(row)) ?? routeSchema.parse(row)
  configured.set(nameOf(row), known)
  return known
}

/** The route of a path that can be read in one way only, found by looking at each. */
function plainly (rows: readonly Row[], path: string): string | undefined {
  const fitting = rows.filter((row) => path === row.path || path === `${row.path}/` || (!row.exact && (row.path === '/' || path.startsWith(`${row.path}/`))))
  const [first] = fitting.toSorted((one, other) => other.path.length - one.path.length || Number(other.exact) - Number(one.exact))
  return first === undefined ? undefined : nameOf(first)
}

/** What is made of a target; null when it is refused, and with the one error there is for it. */
function accepted<Result> (read: () => Result): Result | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'malformed_request_target') return null
    throw error
  }
}

t.test('T-17 to T-28 whatever routes there are, every reading of a target that passes leads to the one route that was decided on', async (t) => {
  let passed = 0
  fc.assert(fc.property(target, table, (raw, rows) => {
    const routes = createRoutes(rows.map(routeOf))
    const met = accepted(() => ({ route: routes.match('gw.test', 'GET', readRequestTarget(raw)) }))
    if (met === null) return true
    passed++
    const decided = met.route === null ? undefined : nameOf(met.route)
    return readAs(raw).every((path) => plainly(rows, path) === decided)
  }), { numRuns: 20_000 })
  t.ok(passed > 3_000, `${passed} passed`)
})

t.test('T-37 S-16 what any reading finds below /oauth2 is the gateway\'s own', async (t) => {
  let own = 0
  fc.assert(fc.property(fc.constantFrom('/oauth2', '/OAUTH2', '/%6fauth2', '/oauth2%2f', '/;x/oauth2', '/;%2f/oauth2', '/a/oauth2', '/'), target, (start, rest) => {
    const read = accepted(() => readRequestTarget(start + rest))
    if (read === null) return true
    const isOurs = readAs(start + rest).some((path) => /^\/oauth2(\/|$)/i.test(path))
    if (isOurs) own++
    return !isOurs || read.isReserved
  }), { numRuns: 20_000 })
  t.ok(own > 700, `${own} were its own`)
})

t.test('S-15 a target is refused, or kept as it was sent and read in a way that changes nothing when it is read again', async (t) => {
  const any = fc.oneof(target, fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 30 }).map((rest) => `/${rest}`))
  fc.assert(fc.property(any, (raw) => {
    const read = accepted(() => readRequestTarget(raw))
    return read === null || (read.raw === raw && isSettled(read))
  }), { numRuns: 20_000 })
  t.pass()
})

/** Nothing of it could still be decoded that may be (RFC 3986 §6.2.2.2), and the lax reading has nothing left to be lax about. */
function isSettled ({ path, laxPath, isReserved }: RequestTarget): boolean {
  const again = accepted(() => readRequestTarget(path))
  return !/%(?:[46][1-9a-f]|[57][0-9a]|3\d|2[de]|5f|7e)/i.test(path) && !/;|\/\/|\/\.{1,2}(\/|$)/.test(laxPath) &&
    again !== null && again.path === path && again.laxPath === laxPath && again.isReserved === isReserved
}

t.test('a target of nothing but what is looked at twice is read in the time of its length', async (t) => {
  for (const part of [';', '/', '%2f', ';%2f', '/;', '%', '%25', '/.', 'a/', '//', ';/%2f']) {
    const raw = `/a${part.repeat(16_000 / part.length)}`
    for (let time = 0; time < 100; time++) accepted(() => readRequestTarget(raw))
  }
  t.pass('each a hundred times, of 16 KB, before the test is out of time')
})
