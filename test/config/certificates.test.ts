import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createAuthority } from '../rig/certificates.ts'
import { key, load, problemsOf } from './configured.ts'

const authority = createAuthority()
const [one, other] = [authority.issue('DNS:app.example.com'), authority.issue('DNS:app.example.com')]

t.test('a certificate with its key is accepted', async (t) => {
  t.match((await load(t, { over: { server: { tls: one } } })).config.server.tls, one)
})

for (const [what, tls] of Object.entries({
  'a key of another certificate': { certFile: one.certFile, keyFile: other.keyFile },
  'a certificate that is a key': { certFile: one.keyFile, keyFile: one.keyFile },
  'what is no PEM file': { certFile: process.execPath, keyFile: one.keyFile }
})) {
  t.test(`${what} is refused at start, and no byte of it is shown`, async (t) => {
    t.match(await problemsOf(t, { over: { server: { tls } } }), [{ path: 'server.tls', message: /^cannot be used/, where: /gateway\.yaml/ }])
  })
}

const toApp = (tls: object): object => ({ routes: [{ upstream: 'https://app.test', tls }] })
const toRedis = (tls: object): object => ({ session: { keys: [key(1)], redis: { url: 'rediss://redis.test', tls } } })
const connections = { 'routes[0].tls': toApp, 'session.redis.tls': toRedis } as const

const folder = mkdtempSync(join(tmpdir(), 'gateway-bundles-'))
t.after(() => rmSync(folder, { recursive: true }))
let bundles = 0

/** A file of authorities. */
function bundle (text: string): string {
  const file = join(folder, `${++bundles}.pem`)
  writeFileSync(file, text)
  return file
}

const ca = readFileSync(authority.caFile, 'utf8')

for (const [path, over] of Object.entries(connections)) {
  t.test(`${path}: authorities, one or several with words between them, and a client certificate with its key are accepted`, async (t) => {
    for (const text of [ca, `# ours\n${ca}\nand another one:\n${ca}`, ca.replaceAll('\n', '\r\n'), ca.replaceAll(' CERTIFICATE', ' TRUSTED CERTIFICATE')]) {
      await t.resolves(load(t, { over: over({ ca: bundle(text), ...one }) }), text.slice(0, 40))
    }
  })

  for (const [what, text, said] of [
    ['an empty file', '', /without a certificate/],
    ['a key', readFileSync(one.keyFile, 'utf8'), /without a certificate/],
    ['a certificate that is cut off', ca.slice(0, 300), /certificate 1 of 1/],
    ['a second one that is cut off', `${ca}${ca.slice(0, 300)}`, /certificate 2 of 2/],
    ['a letter changed', ca.replace(/MII/, 'XXX'), /certificate 1 of 1/]
  ] as const) {
    t.test(`${path}: ${what} for an authority is refused at start, and no byte of it is shown`, async (t) => {
      const [problem, ...more] = await problemsOf(t, { over: over({ ca: bundle(text) }) })
      t.match(problem, { path: `${path}.ca`, message: said, where: /gateway\.yaml/, hint: /PEM/ })
      t.strictSame(more, [])
    })
  }

  t.test(`${path}: a client certificate that is not the key's is refused at start`, async (t) => {
    t.match(await problemsOf(t, { over: over({ certFile: one.certFile, keyFile: other.keyFile }) }), [{ path, message: /^cannot be used/ }])
  })
}
