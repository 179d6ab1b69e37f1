import { once } from 'node:events'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { connect as connectSession } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import { createAuthority } from '../rig/certificates.ts'
import { answerTo } from '../rig/http2.ts'
import { startServed } from './served.ts'

const authority = createAuthority()

/** The names in the certificate that a new connection is shown. */
async function shownAt (port: number): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
  await once(socket, 'secureConnect')
  const { subjectaltname } = socket.getPeerCertificate()
  socket.destroy()
  return subjectaltname
}

t.test('a certificate replaced on disk is shown to who connects from then on, and no connection is dropped; a broken one is refused (T-142)', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-cert-'))
  t.after(() => rm(folder, { recursive: true }))
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  const put = async (...names: readonly string[]): Promise<void> => {
    const issued = authority.issue(...names)
    await Promise.all([copyFile(issued.certFile, certFile), copyFile(issued.keyFile, keyFile)])
  }
  await put('DNS:first.test')
  const served = await startServed(t, { over: { server: { tls: { certFile, keyFile } } } })
  t.equal(await shownAt(served.port), 'DNS:first.test')
  const client = connectSession(`https://127.0.0.1:${served.port}`, { rejectUnauthorized: false }).on('error', () => {})
  t.after(() => client.destroy())
  const request = [':method', 'GET', ':scheme', 'https', ':authority', 'gw.test', ':path', '/public/a']
  t.equal((await answerTo(client, request)).status, 200)

  await put('DNS:second.test')
  served.process.child.kill('SIGHUP') // the files' own watch may see the pair half replaced, and refuses it then
  await served.reloaded(1)
  t.equal(await shownAt(served.port), 'DNS:second.test')
  t.equal((await answerTo(client, request)).status, 200, 'who was connected goes on')

  await copyFile(authority.issue('DNS:third.test').keyFile, keyFile)
  await served.process.saying(/server\.tls: cannot be used.*the new configuration is refused/)
  t.equal(await shownAt(served.port), 'DNS:second.test')
})
