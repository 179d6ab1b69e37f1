import t from 'tap'
import { createAuthority } from '../rig/certificates.ts'
import { load, problemsOf } from './configured.ts'

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
