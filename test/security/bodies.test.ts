import { randomBytes } from 'node:crypto'
import t from 'tap'
import { startRig } from '../rig/rig.ts'
import { attackOn, cookieLine, message } from './attack.ts'

const rig = await startRig(t)
const attack = attackOn(rig)
const signedIn = await cookieLine(rig)

const withoutBody: ReadonlyArray<readonly [method: string, lines: readonly string[]]> = [
  ['POST', []],
  ['POST', ['Content-Length: 0']],
  ['POST', ['Content-Type: application/json']],
  ['POST', ['Content-Type: application/json', 'Content-Length: 0']],
  ['PUT', ['Content-Type: text/plain']],
  ['DELETE', ['Content-Type: application/json']],
  ['DELETE', ['Content-Type: application/json', 'Content-Length: 0']],
  ['PATCH', ['Content-Type: multipart/form-data']],
  ['GET', ['Content-Type: application/json']],
  ['OPTIONS', ['Content-Type: application/json']]
]
for (const [method, lines] of withoutBody) {
  t.test(`T-143 ${method} without a body (${lines.join(', ') || 'no header'}) passes as it is`, async (t) => {
    const { status, seen } = await attack(message(method, '/a', [signedIn, ...lines]))
    t.equal(status, 200)
    t.equal(seen.length, 1)
    t.equal(seen[0]?.method, method)
    t.equal(seen[0]?.body.length, 0)
    t.strictSame(rig.upstream.valuesOf('Content-Type', seen[0]), lines.filter((line) => line.startsWith('Content-Type: ')).map((line) => line.slice('Content-Type: '.length)))
  })
}

const bytes = randomBytes(500).toString('latin1')
for (const type of ['application/json\t;x', 'APPLICATION/JSON', 'application/json', 'application/json; charset=nonsense', 'multipart/form-data', 'multipart/form-data; boundary=', 'application/x-www-form-urlencoded', 'text/plain; charset=utf-16', 'x', 'a/b/c', ';;', '', null]) {
  for (const body of ['{"a":', '{"__proto__":{"a":1},"constructor":{"prototype":1}}', bytes]) {
    t.test(`T-144 the body ${JSON.stringify(body.slice(0, 12))} as ${type === null ? 'no type' : JSON.stringify(type)} arrives byte for byte`, async (t) => {
      for (const method of ['POST', 'DELETE']) {
        const { status, seen } = await attack(message(method, '/a', [signedIn, ...(type === null ? [] : [`Content-Type: ${type}`]), `Content-Length: ${body.length}`], body))
        t.equal(status, 200)
        t.equal(seen[0]?.body.toString('latin1'), body)
        t.strictSame(rig.upstream.valuesOf('Content-Length', seen[0]), [String(body.length)])
        if (type !== null) t.strictSame(rig.upstream.valuesOf('Content-Type', seen[0]), [type])
      }
    })
  }
}

for (const method of ['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'QUERY', 'LOCK', 'DELETE']) {
  t.test(`T-144 a body with ${method} arrives, of known and of unknown length`, async (t) => {
    const known = await attack(message(method, '/a', [signedIn, 'Content-Length: 3'], 'abc'))
    t.equal(known.seen[0]?.body.toString(), 'abc')
    const unknown = await attack(message(method, '/a', [signedIn, 'Transfer-Encoding: chunked'], '1\r\na\r\n2\r\nbc\r\n0\r\n\r\n'))
    t.equal(unknown.seen[0]?.body.toString(), 'abc')
  })
}

t.test('T-144 "Connection: content-length" unframes no body', async (t) => {
  const { seen, hits } = await attack(`POST /a HTTP/1.1\r\nHost: gw.test\r\n${signedIn}\r\nConnection: close, content-length, content-type\r\nContent-Type: a/b\r\nContent-Length: 3\r\n\r\nabc`)
  t.strictSame(hits, ['POST /a'])
  t.equal(seen[0]?.body.toString(), 'abc')
})

t.test('T-144 a body that ends early never counts as whole at the app', async (t) => {
  const { seen } = await attack(message('POST', '/a', [signedIn, 'Transfer-Encoding: chunked'], '3\r\nabc\r\nnonsense\r\n'))
  t.strictSame(seen, [])
})

t.end() // the app and the gateway go with it
